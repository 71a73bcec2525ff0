"""Which rows have a text and one class, and why the others are left out."""

from dataclasses import dataclass

import polars as pl

from shared_lib.contracts.task_datasets import LeftOut, TaskRecipe
from svc_parquet.task_datasets.errors import NotAFlagError

REASONS = ("no_text", "no_label", "several_labels", "other_label")
FIRST = 20


@dataclass(frozen=True)
class Labelled:
    """The rows that stay: `row` (of the source, from 0), `text`, `label`, and `group` if asked."""

    rows: pl.DataFrame
    left_out: list[LeftOut]


def needed_columns(recipe: TaskRecipe) -> list[str]:
    """The columns of the source that decide what becomes of a row."""
    named = [recipe.text, recipe.label, *recipe.label_columns, recipe.group]
    return list(dict.fromkeys(name for name in named if name is not None))


def label_rows(frame: pl.DataFrame, recipe: TaskRecipe) -> Labelled:
    """Find each row's class; what has no text or not exactly one wanted class is left out.

    Args:
        frame: all rows of the source, with the columns of `needed_columns`.

    Raises:
        NotAFlagError: a label column holds more than 0 and 1.
    """
    columns: dict[str, pl.Expr] = {
        "row": pl.int_range(pl.len(), dtype=pl.Int64),
        "text": pl.col(recipe.text).cast(pl.String),
    }
    if recipe.label is not None:
        columns["label"] = pl.col(recipe.label).cast(pl.String)
        columns["flags"] = pl.col(recipe.label).is_not_null().cast(pl.Int64)
    else:
        _refuse_other_than_flags(frame, recipe.label_columns)
        flags = [pl.col(name).cast(pl.Int64).fill_null(0) for name in recipe.label_columns]
        columns["label"] = pl.coalesce(
            [
                pl.when(flag == 1).then(pl.lit(name))
                for flag, name in zip(flags, recipe.label_columns, strict=True)
            ]
        )
        columns["flags"] = pl.sum_horizontal(flags)
    if recipe.group is not None:
        columns["group"] = pl.col(recipe.group)
    found = frame.select(**columns)
    reasoned = found.with_columns(reason=_reason(recipe))
    left_out = [_left_out(reasoned, reason) for reason in REASONS]
    kept = reasoned.filter(pl.col("reason").is_null()).drop("flags", "reason")
    return Labelled(rows=kept, left_out=[each for each in left_out if each.rows])


def _reason(recipe: TaskRecipe) -> pl.Expr:
    blank = pl.col("text").str.strip_chars() == ""
    reason = (
        pl.when(pl.col("text").is_null() | blank)
        .then(pl.lit("no_text"))
        .when((pl.col("flags") == 0) | (pl.col("label") == ""))
        .then(pl.lit("no_label"))
        .when(pl.col("flags") > 1)
        .then(pl.lit("several_labels"))
    )
    if not recipe.labels:
        return reason
    return reason.when(~pl.col("label").is_in(recipe.labels)).then(pl.lit("other_label"))


def _left_out(reasoned: pl.DataFrame, reason: str) -> LeftOut:
    rows = reasoned.filter(pl.col("reason") == reason)["row"]
    first = [int(row) + 1 for row in rows.head(FIRST)]
    return LeftOut.model_validate({"reason": reason, "rows": len(rows), "first": first})


def _refuse_other_than_flags(frame: pl.DataFrame, columns: list[str]) -> None:
    for name in columns:
        values = frame[name]
        allowed = values.dtype == pl.Boolean or (
            values.dtype.is_numeric() and bool(values.drop_nulls().is_in([0, 1]).all())
        )
        if not allowed:
            raise NotAFlagError(
                f"Column {name} is a label column, so it may hold 0, 1, true, false and nothing "
                "else. If it holds the classes themselves, give it as `label`.",
                field="label_columns",
            )
