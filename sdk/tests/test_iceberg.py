"""Parquet files become snapshots of an Iceberg table; Iceberg's own reader reads them back."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.catalog.sql import SqlCatalog

from datafleet.iceberg import IcebergError, open_catalog, publish_files


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[SqlCatalog]:
    opened = open_catalog(tmp_path)
    yield opened
    opened.close()


def _file(folder: Path, name: str, **columns: Any) -> Path:
    pq.write_table(pa.table(columns), folder / name)
    return folder / name


def _publish(catalog: SqlCatalog, *files: Path, name: str = "a.b") -> int:
    _, added = publish_files(catalog, name, list(files), properties={"datafleet.version": "7"})
    return added


def test_files_are_added_shared_and_replaced(catalog: SqlCatalog, tmp_path: Path) -> None:
    kinds = {
        "n": [1, None],
        "x": [0.5, 1.0],
        "money": pa.array([Decimal("1.50"), None], pa.decimal128(38, 2)),
        "text": pa.array(["x", ""], pa.large_string()),
        "ok": [True, False],
        "day": [dt.date(2024, 1, 5), None],
        "at": pa.array([dt.datetime(2024, 1, 5, 1, 2, 3)] * 2, pa.timestamp("us")),  # noqa: DTZ001
    }
    first = _file(tmp_path, "1.parquet", **kinds)
    assert _publish(catalog, first) == 1
    assert catalog.load_table("a.b").scan().to_arrow().to_pydict() == pa.table(kinds).to_pydict()

    second = _file(tmp_path, "2.parquet", n=[3], new=["y"])
    third = _file(tmp_path, "3.parquet", n=[4], new=["z"])
    assert _publish(catalog, first, second, third) == 2
    table = catalog.load_table("a.b")
    found = table.scan(selected_fields=("n", "new")).to_arrow().to_pylist()
    assert sorted(str(row) for row in found) == [
        "{'n': 1, 'new': None}",
        "{'n': 3, 'new': 'y'}",
        "{'n': 4, 'new': 'z'}",
        "{'n': None, 'new': None}",
    ]
    assert _publish(catalog, first, second, third) == 0
    assert _publish(catalog, second) == 0
    table = catalog.load_table("a.b")
    assert table.scan(selected_fields=("n",)).to_arrow().to_pydict() == {"n": [3]}
    newest = table.current_snapshot()
    assert newest is not None
    assert newest.summary is not None
    assert newest.summary.additional_properties["datafleet.version"] == "7"


def test_what_iceberg_does_not_take_is_said(catalog: SqlCatalog, tmp_path: Path) -> None:
    nanoseconds = _file(tmp_path, "n.parquet", at=pa.array([1], pa.timestamp("ns")))
    with pytest.raises(IcebergError, match=r"timestamp\[ns\].*under another name"):
        _publish(catalog, nanoseconds)
    _publish(catalog, _file(tmp_path, "1.parquet", a=[1]))
    with pytest.raises(IcebergError):
        _publish(catalog, _file(tmp_path, "2.parquet", a=["text"]))
    assert catalog.load_table("a.b").scan().to_arrow().to_pydict() == {"a": [1]}
