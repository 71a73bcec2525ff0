"""Split a table into rows to learn from and rows to be judged by.

A row belongs to a fold by its content, so that the same row is never learned from in one version
of the data and judged by in another. The test rows come from `data/frozen`, which stays the same
from one training to the next: whoever is compared on them is compared on the same rows.
"""

import hashlib
from pathlib import Path

import polars as pl
import yaml

FOLDS = 5


def read(folder: str, *, columns: list[str]) -> pl.DataFrame:
    """The table's rows with a label; `row` names each by the content of all columns."""
    frame = pl.concat([pl.read_parquet(path) for path in sorted(Path(folder).glob("*.parquet"))])
    lines = frame.write_csv(include_header=False, null_value="\\N").splitlines()
    if len(lines) != frame.height:  # a text with a line break in it
        lines = [repr(row) for row in frame.iter_rows()]
    digests = [hashlib.blake2b(line.encode(), digest_size=8).hexdigest() for line in lines]
    named = frame.select(columns or pl.all()).with_columns(row=pl.Series(digests, dtype=pl.String))
    count = pl.int_range(pl.len()).over("row").cast(pl.String)
    fold = pl.Series([int(digest, 16) % FOLDS for digest in digests], dtype=pl.Int64)
    return named.with_columns(row=pl.col("row") + "-" + count, fold=fold).drop_nulls(
        params["label"]
    )


if __name__ == "__main__":
    params = yaml.safe_load(Path("params.yaml").read_text())
    columns = [*params["features"], params["label"]] if params["features"] else []
    train = read("data/table", columns=columns).filter(pl.col("fold") != 0).drop("fold")
    test = read("data/frozen", columns=columns).filter(pl.col("fold") == 0).drop("fold")
    if train.is_empty() or test.is_empty():
        raise SystemExit(f"{train.height} rows to learn from, {test.height} to test: too few.")
    train.write_parquet("data/train.parquet")
    test.write_parquet("data/test.parquet")
    print(f"{train.height} rows to learn from, {test.height} rows to be judged by")
