"""Which columns two versions have together. Pure: knows names of types, no values.

What widens here is proved on every value when the rows are written (`merging`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from shared_lib.contracts.tables import ColumnView
from shared_lib.contracts.versions import SchemaChanges, TypeChange
from svc_parquet.versions.errors import SchemaConflictError

_DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")
_WIDE = 38
_NARROW = 18
_INTEGER_DIGITS = 19


@dataclass(frozen=True)
class Evolved:
    """The columns of the next version, and how they differ from the base's."""

    columns: list[ColumnView]
    changes: SchemaChanges


def evolve(
    base: Sequence[ColumnView], source: Sequence[ColumnView], *, widen_to_text: bool = False
) -> Evolved:
    """The base's columns, widened where the source needs it, and then the source's own.

    Raises:
        SchemaConflictError: a column's types have nothing exact together; says which and why.
    """
    new, columns, retyped = {each.name: each for each in source}, [], []
    for column in base:
        other = new.get(column.name)
        if other is None or other.type == column.type:
            columns.append(column)
            continue
        wider = join_types(column.type, other.type) or ("string" if widen_to_text else None)
        if wider is None:
            raise SchemaConflictError(
                f"Column {column.name} is {column.type} here and {other.type} there, and no type "
                "keeps the values of both exactly. Convert the file again with a `schema` that "
                "fits, or set `widen_to_text`.",
                column=column.name,
            )
        if wider != column.type:
            retyped.append(TypeChange(column=column.name, before=column.type, after=wider))
        reason = f"{column.type} and {other.type} together"
        columns.append(ColumnView(name=column.name, type=wider, origin="widened", reason=reason))
    known = {column.name for column in base}
    added = [column for column in source if column.name not in known]
    return Evolved(
        columns=columns + added,
        changes=SchemaChanges(
            added=[column.name for column in added],
            removed=[column.name for column in base if column.name not in new],
            retyped=retyped,
        ),
    )


def join_types(one: str, other: str) -> str | None:
    """The type that keeps the values of both, None when only text does."""
    if one == other:
        return one
    pair = {one, other}
    if pair == {"date", "datetime"}:
        return "datetime"
    if pair == {"int64", "float64"}:
        return "float64"
    digits = [_digits(each) for each in (one, other)]
    if None in digits:
        return None
    whole = max(d[0] for d in digits if d)
    scale = max(d[1] for d in digits if d)
    if whole + scale > _WIDE:
        return None
    return f"decimal({_NARROW if whole + scale <= _NARROW else _WIDE},{scale})"


def _digits(name: str) -> tuple[int, int] | None:
    """Digits before and behind the point of an exact number's type."""
    if name == "int64":
        return _INTEGER_DIGITS, 0
    found = _DECIMAL.fullmatch(name)
    if found is None:
        return None
    precision, scale = int(found[1]), int(found[2])
    return precision - scale, scale


def compare_columns(before: Sequence[ColumnView], after: Sequence[ColumnView]) -> SchemaChanges:
    """What was added, removed and retyped from one version to another."""
    old, new = ({c.name: c.type for c in side} for side in (before, after))
    return SchemaChanges(
        added=[name for name in new if name not in old],
        removed=[name for name in old if name not in new],
        retyped=[
            TypeChange(column=name, before=old[name], after=new[name])
            for name in old
            if name in new and old[name] != new[name]
        ],
    )
