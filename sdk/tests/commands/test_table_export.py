"""`fleet table export` makes Iceberg tables that Iceberg's own reader reads."""

import json
from pathlib import Path
from typing import Any

import pytest
from pyiceberg.catalog.sql import SqlCatalog
from running_fleet import Fleet

from shared_lib.console import ExitCode


def _export(fleet: Fleet, warehouse: Path, *words: str) -> Any:
    done = fleet.run("table", "export", "ice", "--to", str(warehouse), "--json", *words)
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def _rows(warehouse: Path, *, name: str = "datafleet.ice", **which: Any) -> list[Any]:
    catalog = SqlCatalog("datafleet", uri=f"sqlite:///{warehouse / 'catalog.db'}")
    rows = catalog.load_table(name).scan(**which).to_arrow().to_pylist()
    catalog.close()
    return sorted(rows, key=lambda row: row["id"])


@pytest.mark.long
def test_versions_become_snapshots_of_an_iceberg_table(fleet: Fleet, tmp_path: Path) -> None:
    contents = {
        "ice": "id,price,day\n1,1.50,2024-01-05\n2,,2024-01-06\n",
        "more": "id,price,day,note\n3,2.25,2024-01-07,x\n",
    }
    for name, content in contents.items():
        (tmp_path / f"{name}.csv").write_text(content)
        assert fleet.run("push", str(tmp_path / f"{name}.csv")).exit_code == 0
    warehouse = tmp_path / "warehouse"
    first = _export(fleet, warehouse)
    assert (first["identifier"], first["files"], first["files_added"]) == ("datafleet.ice", 1, 1)
    before = _rows(warehouse)
    assert [(row["id"], str(row["price"]), str(row["day"])) for row in before] == [
        (1, "1.50", "2024-01-05"),
        (2, "None", "2024-01-06"),
    ]

    assert fleet.run("table", "append", "ice", "--from", "more").exit_code == 0
    second = _export(fleet, warehouse)
    after = _rows(warehouse)
    assert [(row["id"], row["note"]) for row in after] == [(1, None), (2, None), (3, "x")]
    assert _export(fleet, warehouse)["snapshot_id"] == second["snapshot_id"]
    old = _rows(warehouse, snapshot_id=first["snapshot_id"])
    assert [row["id"] for row in old] == [1, 2]
    _export(fleet, warehouse, "--version", "1")
    assert [row["id"] for row in _rows(warehouse)] == [1, 2]
    wrong = fleet.run("table", "export", "ice", "--to", str(warehouse), "--as", "no.such.name")
    assert wrong.exit_code == ExitCode.USAGE
