"""From a table's Parquet parts and a recipe to the files of a task dataset. Pure: no HTTP, no SQL.

Two passes: the first reads the columns that decide (text, label, group) and finds the split of each
row; the second copies all columns in order, block by block.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from shared_lib.contracts.tables import ColumnView
from shared_lib.contracts.task_datasets import (
    LeftOut,
    NearDuplicatePair,
    NearDuplicates,
    SplitBalance,
    TaskDatasetSummary,
    TaskRecipe,
)
from svc_parquet.tables.reading import read_blocks
from svc_parquet.tables.writing import TableWriter, Written
from svc_parquet.task_datasets.components import components
from svc_parquet.task_datasets.errors import NothingToLearnError, TooManyTextsError
from svc_parquet.task_datasets.labels import Labelled, label_rows, needed_columns
from svc_parquet.task_datasets.near_duplicates import Related, comparable, find_related
from svc_parquet.task_datasets.splits import Places, assign, draw

MOST_TEXTS = 3_000_000
"""Near-duplicates of more texts would hold more than a gigabyte of hashes."""
EXAMPLES = 20
_SHOWN = 200

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Built:
    """The files in the sink, the columns they hold, and what is to be known of them."""

    written: Written
    columns: list[ColumnView]
    summary: TaskDatasetSummary


def build(
    parts: Sequence[Path],
    sink: Path,
    *,
    recipe: TaskRecipe,
    columns: Sequence[ColumnView],
    progress: Progress,
) -> Built:
    """Write `text`, `label`, `split` and then all other columns of every row that has both.

    Args:
        parts: Parquet files of the source, in order.
        sink: an empty folder.
        columns: of the source.
        progress: hears rows done and rows to do.

    Raises:
        NotAFlagError: a label column holds more than 0 and 1.
        NothingToLearnError: fewer than two classes, or fewer rows than splits, are left.
        TooManyTextsError: near-duplicates are asked for and there are too many texts.
    """
    labelled = label_rows(
        pl.concat(list(read_blocks(parts, columns=needed_columns(recipe)))), recipe
    )
    _refuse_too_little(labelled.rows, recipe, left_out=labelled.left_out)
    renamed = _renamed(columns, recipe)
    rows, summary = _split(labelled, recipe, renamed=renamed)
    made = _columns(columns, recipe, renamed=renamed)
    writer = TableWriter(
        sink, columns=made, metadata={"task_dataset": recipe.model_dump(mode="json")}
    )
    try:
        _copy(parts, writer, rows=rows, recipe=recipe, renamed=renamed, progress=progress)
        empty = _empty(parts, recipe=recipe, renamed=renamed)
        return Built(written=writer.finish(empty), columns=made, summary=summary)
    except BaseException:
        # Whatever it was: a file that is not whole must not look like one.
        writer.abandon()
        raise


def _split(
    labelled: Labelled, recipe: TaskRecipe, *, renamed: dict[str, str]
) -> tuple[pl.DataFrame, TaskDatasetSummary]:
    """The rows with the split of each, and what is to be said of them."""
    rows = labelled.rows
    related, units = _units(rows, recipe)
    codes, names = _codes(rows["label"])
    split = assign(
        codes if recipe.stratify else np.zeros_like(codes),
        units=units,
        drawn=draw(rows["text"].to_list(), seed=recipe.seed),
        shares=list(recipe.splits.values()),
    )
    rows = rows.with_columns(
        split=pl.Series(np.array(list(recipe.splits), dtype=object)[split], dtype=pl.String)
    )
    return rows, TaskDatasetSummary(
        rows_in=rows.height + sum(each.rows for each in labelled.left_out),
        rows=rows.height,
        left_out=labelled.left_out,
        labels=names,
        splits=[_balance(rows, name, names) for name in recipe.splits],
        near_duplicates=_report(rows, related, recipe) if related is not None else None,
        groups=rows["group"].n_unique() if recipe.group is not None else None,
        renamed=renamed,
    )


def _refuse_too_little(rows: pl.DataFrame, recipe: TaskRecipe, *, left_out: list[LeftOut]) -> None:
    classes = rows["label"].n_unique()
    if classes >= 2 and rows.height >= len(recipe.splits):
        if recipe.near_duplicates != "ignore" and rows.height > MOST_TEXTS:
            raise TooManyTextsError(
                f"Near-duplicates are found among at most {MOST_TEXTS:,} texts; there are "
                f"{rows.height:,}. Set `near_duplicates` to `ignore`.",
                field="near_duplicates",
            )
        return
    why = "; ".join(f"{each.rows:,} rows left out: {each.reason}" for each in left_out)
    raise NothingToLearnError(
        f"{rows.height:,} rows of {classes} classes are left"
        f"{f' ({why})' if why else ''}. Two classes and a row for each split are needed: look at "
        "the recipe's `text`, `label` and `labels`."
    )


def _units(rows: pl.DataFrame, recipe: TaskRecipe) -> tuple[Related | None, Places]:
    """What is nearly the same, and for each row the first row that it must stay with."""
    related, pairs = None, [np.empty((0, 2), dtype=np.int64)]
    if recipe.near_duplicates != "ignore":
        texts = comparable(rows["text"])
        related = find_related(texts, similarity=recipe.similarity, seed=recipe.seed)
        if recipe.near_duplicates == "together":
            pairs.append(related.pairs)
    if recipe.group is not None:
        numbered = rows.select("group").with_row_index("place")
        first = numbered.select(pl.col("place").first().over("group"))["place"].to_numpy()
        own = np.arange(rows.height, dtype=np.int64)
        # A row without a group belongs to nobody.
        joined = (first != own) & rows["group"].is_not_null().to_numpy()
        pairs.append(np.column_stack([first.astype(np.int64), own])[joined])
    return related, components(rows.height, np.concatenate(pairs))


def _codes(labels: pl.Series) -> tuple[Places, list[str]]:
    names = labels.unique().sort().to_list()
    places = {name: place for place, name in enumerate(names)}
    return np.array([places[label] for label in labels], dtype=np.int64), names


def _balance(rows: pl.DataFrame, split: str, names: list[str]) -> SplitBalance:
    labels = rows.filter(pl.col("split") == split)["label"]
    counts = dict(labels.value_counts().iter_rows())
    return SplitBalance(
        split=split, rows=len(labels), labels={name: counts.get(name, 0) for name in names}
    )


def _report(rows: pl.DataFrame, related: Related, recipe: TaskRecipe) -> NearDuplicates:
    pairs = related.pairs
    split = rows["split"].to_numpy()
    label = rows["label"].to_numpy()
    cluster = components(rows.height, pairs)
    _, sizes = np.unique(cluster, return_counts=True)
    across = split[pairs[:, 0]] != split[pairs[:, 1]]
    conflict = label[pairs[:, 0]] != label[pairs[:, 1]]
    order = np.argsort(-related.similarity[across], kind="stable")[:EXAMPLES]
    shown = zip(pairs[across][order].tolist(), related.similarity[across][order], strict=True)
    return NearDuplicates(
        mode=recipe.near_duplicates,
        similarity=recipe.similarity,
        rows=len(np.unique(pairs)),
        clusters=int((sizes > 1).sum()),
        largest_cluster=int(sizes.max()) if (sizes > 1).any() else 0,
        label_conflicts=len(np.unique(pairs[conflict])),
        rows_across=len(np.unique(pairs[across])),
        examples=[_pair(rows, left, right, share) for (left, right), share in shown],
    )


def _pair(rows: pl.DataFrame, left: int, right: int, share: float) -> NearDuplicatePair:
    one, other = rows.row(left, named=True), rows.row(right, named=True)
    return NearDuplicatePair(
        similarity=round(float(share), 4),
        splits=(one["split"], other["split"]),
        rows=(one["row"] + 1, other["row"] + 1),
        texts=(one["text"][:_SHOWN], other["text"][:_SHOWN]),
    )


def _renamed(columns: Sequence[ColumnView], recipe: TaskRecipe) -> dict[str, str]:
    """Columns that must make room for ours, and the names they take."""
    taken = {column.name for column in columns} | {"text", "label", "split"}
    renamed: dict[str, str] = {}
    for name in ("text", "label", "split"):
        if name in {recipe.text, recipe.label} or name not in {c.name for c in columns}:
            continue
        new = f"source_{name}"
        while new in taken:
            new += "_"
        taken.add(new)
        renamed[name] = new
    return renamed


def _columns(
    columns: Sequence[ColumnView], recipe: TaskRecipe, *, renamed: dict[str, str]
) -> list[ColumnView]:
    label = recipe.label or "the flags " + ", ".join(recipe.label_columns[:5])
    first = {
        "text": f"the column {recipe.text} of the source",
        "label": f"the class, from {label}",
        "split": "what the row is for",
    }
    made = [
        ColumnView(name=name, type="string", origin="given", reason=reason)
        for name, reason in first.items()
    ]
    used = {recipe.text, recipe.label}
    return made + [
        column.model_copy(update={"name": renamed.get(column.name, column.name)})
        for column in columns
        if column.name not in used
    ]


def _copy(
    parts: Sequence[Path],
    writer: TableWriter,
    *,
    rows: pl.DataFrame,
    recipe: TaskRecipe,
    renamed: dict[str, str],
    progress: Progress,
) -> None:
    wanted, seen = rows.select("row", "text", "label", "split"), 0
    total = int(wanted["row"].max() or 0) + 1  # type: ignore[arg-type, operator, unused-ignore]
    for block in read_blocks(parts):
        chosen = wanted.filter(pl.col("row").is_between(seen, seen + block.height - 1))
        kept = _rest_of(block, recipe=recipe, renamed=renamed)[(chosen["row"] - seen).to_list()]
        first = chosen.select("text", "label", "split")
        writer.write(pl.concat([first, kept], how="horizontal") if kept.width else first)
        seen += block.height
        progress(min(seen, total), total)


def _rest_of(block: pl.DataFrame, *, recipe: TaskRecipe, renamed: dict[str, str]) -> pl.DataFrame:
    used = [name for name in (recipe.text, recipe.label) if name is not None]
    return block.drop(used).rename(renamed)


def _empty(parts: Sequence[Path], *, recipe: TaskRecipe, renamed: dict[str, str]) -> pl.DataFrame:
    first = pl.DataFrame(schema=dict.fromkeys(("text", "label", "split"), pl.String))
    rest = _rest_of(pl.read_parquet(parts[0], n_rows=0), recipe=recipe, renamed=renamed)
    return pl.concat([first, rest], how="horizontal")
