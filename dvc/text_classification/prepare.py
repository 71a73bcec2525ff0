"""Split a table into rows to learn from and rows to be judged by.

A task dataset says in its column `split` which rows train and which test. In any other table a row
belongs to a fold by its content, so that the same row is never learned from in one version of the
data and judged by in another. The test rows come from `data/frozen`, which stays the same from one
training to the next: whoever is compared on them is compared on the same rows. What is there to
test is never learned from, whatever a later version of the data says of it.
"""

import hashlib
from pathlib import Path

import polars as pl
import yaml

FOLDS = 5


def read(folder: str, *, columns: list[str]) -> pl.DataFrame:
    """The texts that have a class; `row` names each by the content of all columns.

    `part` is `train`, `test`, or what else a task dataset calls its splits.
    """
    frame = pl.concat([pl.read_parquet(path) for path in sorted(Path(folder).glob("*.parquet"))])
    lines = frame.write_csv(include_header=False, null_value="\\N").splitlines()
    if len(lines) != frame.height:  # a text with a line break in it
        lines = [repr(row) for row in frame.iter_rows()]
    digests = [hashlib.blake2b(line.encode(), digest_size=8).hexdigest() for line in lines]
    named = frame.select(columns).with_columns(row=pl.Series(digests, dtype=pl.String))
    count = pl.int_range(pl.len()).over("row").cast(pl.String)
    splits = set(frame["split"]) if "split" in frame.columns else set()
    if {"train", "test"} <= splits:
        part = frame["split"]
    else:
        parts = ["train" if int(digest, 16) % FOLDS else "test" for digest in digests]
        part = pl.Series(parts, dtype=pl.String)
    return named.with_columns(row=pl.col("row") + "-" + count, part=part).drop_nulls()


if __name__ == "__main__":
    params = yaml.safe_load(Path("params.yaml").read_text())
    columns = [params["text"], params["label"]]
    renamed = {params["text"]: "text", params["label"]: "label"}
    train = read("data/table", columns=columns).filter(pl.col("part") == "train").drop("part")
    test = read("data/frozen", columns=columns).filter(pl.col("part") == "test").drop("part")
    train = train.join(test, on=params["text"], how="anti", maintain_order="left")
    if train.is_empty() or test.is_empty():
        raise SystemExit(f"{train.height} rows to learn from, {test.height} to test: too few.")
    train, test = train.rename(renamed), test.rename(renamed)
    train.write_parquet("data/train.parquet")
    test.write_parquet("data/test.parquet")
    print(f"{train.height} rows to learn from, {test.height} rows to be judged by")
