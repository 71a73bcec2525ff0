"""Columns of two versions together: nothing is dropped, nothing is rounded."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_lib.contracts.conversions import Part
from shared_lib.contracts.tables import ColumnView
from svc_parquet.versions.errors import SchemaConflictError
from svc_parquet.versions.evolution import evolve, join_types
from svc_parquet.versions.merging import Merged, fit, merge, type_of

TYPES = [
    "int64", "float64", "string", "boolean", "date", "datetime",
    "decimal(18,2)", "decimal(18,4)", "decimal(38,2)", "decimal(38,30)",
]  # fmt: skip


def columns(**types: str) -> list[ColumnView]:
    return [ColumnView(name=n, type=t, origin="inferred", reason="r") for n, t in types.items()]


@given(one=st.sampled_from(TYPES), other=st.sampled_from(TYPES))
def test_joining_has_no_side_and_is_wide_enough(one: str, other: str) -> None:
    joined = join_types(one, other)

    assert joined == join_types(other, one)
    if joined is not None:
        assert join_types(joined, one) == joined
        assert join_types(joined, other) == joined


@pytest.mark.parametrize(
    ("one", "other", "joined"),
    [
        ("int64", "decimal(18,2)", "decimal(38,2)"),
        ("decimal(18,2)", "decimal(18,4)", "decimal(38,4)"),
        ("int64", "float64", "float64"),
        ("date", "datetime", "datetime"),
        ("decimal(38,2)", "decimal(38,30)", None),
        ("int64", "decimal(38,30)", None),
        ("decimal(18,2)", "float64", None),
        ("boolean", "int64", None),
        ("int64", "string", None),
    ],
)
def test_types_join_where_no_value_can_be_lost(one: str, other: str, joined: str | None) -> None:
    assert join_types(one, other) == joined


def test_columns_are_added_kept_and_refused() -> None:
    found = evolve(columns(a="int64", b="string"), columns(c="date", a="decimal(18,2)"))
    assert [(c.name, c.type) for c in found.columns] == [
        ("a", "decimal(38,2)"),
        ("b", "string"),
        ("c", "date"),
    ]
    assert (found.changes.added, found.changes.removed) == (["c"], ["b"])
    assert [c.after for c in found.changes.retyped] == ["decimal(38,2)"]
    with pytest.raises(SchemaConflictError, match="Column a is int64 here and boolean there"):
        evolve(columns(a="int64"), columns(a="boolean"))
    text = evolve(columns(a="int64"), columns(a="boolean"), widen_to_text=True)
    assert text.columns[0].type == "string"


@given(
    values=st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=20),
    wider=st.sampled_from(["decimal(38,2)", "decimal(38,19)", "float64", "string"]),
)
def test_a_widened_value_is_the_same_or_refused(values: list[int | None], wider: str) -> None:
    block = pl.DataFrame({"a": pl.Series(values, dtype=pl.Int64)})
    try:
        found = fit(block, {"a": type_of(wider)})["a"].to_list()
    except SchemaConflictError:
        assert wider == "float64"
        assert any(v is not None and int(float(v)) != v for v in values)
        return
    for before, after in zip(values, found, strict=True):
        assert (before is None) == (after is None)
        if before is not None and after is not None:
            assert Decimal(after) == before


def merged(folder: Path, frames: list[pl.DataFrame], **more: Any) -> tuple[pl.DataFrame, Merged]:
    parts = []
    for number, frame in enumerate(frames):
        parts.append(folder / f"part-{number}.parquet")
        frame.write_parquet(parts[-1])
    sink = folder / "out"
    sink.mkdir()
    found = merge(parts, sink, progress=lambda _done, _all: None, **{"rewrite": False, **more})
    read = [
        pl.read_parquet(sink / part.name if isinstance(part, Part) else parts[part])
        for part in found.parts
    ]
    return pl.concat(read), found


def test_parts_that_fit_are_not_written_again(tmp_path: Path) -> None:
    frames = [
        pl.DataFrame({"a": [1, 2]}),
        pl.DataFrame({"a": [3], "b": ["x"]}),
        pl.DataFrame({"a": [4], "b": ["y"]}),
        pl.DataFrame({"b": ["z"]}),
        pl.DataFrame({"a": [6]}),
    ]
    table, found = merged(tmp_path, frames, columns=columns(a="int64", b="string"))

    assert table.to_dict(as_series=False) == {
        "a": [1, 2, 3, 4, None, 6],
        "b": [None, None, "x", "y", "z", None],
    }
    assert [part if isinstance(part, int) else part.rows for part in found.parts] == [2, 1, 2, 2]
    assert found.profile.rows == 6
    assert [c.nulls for c in found.profile.columns] == [1, 3]


def test_a_compaction_writes_one_part_of_the_same_rows(tmp_path: Path) -> None:
    frames = [pl.DataFrame({"a": range(n, n + 10)}) for n in range(0, 100, 10)]
    table, found = merged(tmp_path, frames, columns=columns(a="int64"), rewrite=True)

    assert table["a"].to_list() == list(range(100))
    assert len(found.parts) == 1


def test_moments_with_and_without_a_zone_are_refused(tmp_path: Path) -> None:
    plain = pl.DataFrame({"at": ["2026-01-01"]}).select(pl.col("at").str.to_datetime("%Y-%m-%d"))
    zoned = plain.select(pl.col("at").dt.replace_time_zone("UTC"))
    with pytest.raises(SchemaConflictError, match="with a zone"):
        merged(tmp_path, [plain, zoned], columns=columns(at="datetime"))
