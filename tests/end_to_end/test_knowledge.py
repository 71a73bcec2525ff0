"""A landed folder becomes a knowledge base on its flow, in both shapes, by the command."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from shared_lib.testing.fleet import RunningFleet

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def fleet(any_fleet: RunningFleet) -> RunningFleet:
    """This suite runs in both shapes."""
    return any_fleet


@pytest.fixture
def run(fleet: RunningFleet, tmp_path: Path) -> Run:
    """`run("kb", "list")`: the installed command in a folder of its own."""
    env = os.environ | {"FLEET_SERVER": fleet.address, "FLEET_KEY": fleet.key}
    script = str(Path(sys.executable).with_name("fleet"))

    def run_fleet(*words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        ended = subprocess.run(
            [script, *words],
            capture_output=True,
            text=True,
            env=env,
            cwd=tmp_path,
            timeout=120,
            check=False,
        )
        assert ended.returncode == code, f"{words}\n{ended.stdout}{ended.stderr}"
        return ended

    return run_fleet


def test_a_folder_becomes_a_base_that_is_searched(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "manuals"
    (folder / "service" / "2025").mkdir(parents=True)
    (folder / "service" / "2025" / "pump.md").write_text(
        "# Pump\n\nTo reset the valve, turn the red wheel and wait a minute.\n"
    )
    (folder / "parts.csv").write_text("part,mass\nbolt,12\nnut,3\n")
    (folder / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n\0")
    run("kb", "create", "handbook", "--dataset", "manuals")
    pushed = run("push", "manuals", "--documents")
    assert "manuals v1  3 files" in pushed.stdout
    assert "handbook  2 records  2 of 3 files  1 skipped  0 failed" in pushed.stdout

    found = run("kb", "search", "handbook", "reset valve", "--folder", "service")
    assert "service/2025/pump.md" in found.stdout
    assert "1 of 1 records" in found.stderr
    shown = run("kb", "show", "handbook")
    assert "skipped\tphoto.png\tunknown_format" in shown.stdout
    flow = json.loads(run("flow", "show", "latest", "--json").stdout)
    assert flow["state"] == "succeeded"
    assert [step["name"] for step in flow["steps"]] == ["landed", "built"], "nothing is converted"

    (folder / "parts.csv").write_text("part,mass\nbolt,13\n")
    run("push", "manuals", "--documents")
    builds = run("kb", "builds", "handbook", "--json", "number,changes.parsed_now").stdout
    newest = json.loads(builds.splitlines()[0])
    assert newest == {"number": 2, "changes.parsed_now": 1}
    run("kb", "download", "handbook", "--to", "records.jsonl")
    lines = (tmp_path / "records.jsonl").read_text().splitlines()
    assert {json.loads(line)["path"] for line in lines} == {"parts.csv", "service/2025/pump.md"}
    assert run("kb", "rebuild", "handbook").stdout.endswith("0 read anew\n")

    run("kb", "download", "handbook", "--as", "neo4j-parquet", "--to", "graph.zip")
    assert (tmp_path / "graph.zip").read_bytes()[:2] == b"PK"
    cypher = "MATCH (d:Document) RETURN d.path AS path ORDER BY path"
    asked = run("kb", "query", "handbook", cypher, "--json").stdout.splitlines()
    assert [json.loads(line)["path"] for line in asked] == ["parts.csv", "service/2025/pump.md"]
    refused = run("kb", "query", "handbook", "CREATE (:Term {id: 'x'})", code=1)
    assert "reads" in refused.stderr

    kept = run("kb", "delete", "handbook", code=2)
    assert "--yes" in kept.stderr
    assert "would go: 3 builds" in run("kb", "delete", "handbook", "--dry-run").stdout
    assert "deleted: 3 builds" in run("kb", "delete", "handbook", "--yes").stdout
    run("kb", "show", "handbook", code=5)
