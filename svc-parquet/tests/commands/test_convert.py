import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from svc_parquet.commands.convert import command


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inside = tmp_path / "in" / "deep"
    inside.mkdir(parents=True)
    (inside.parent / "sales.csv").write_bytes(b"id,v\n1,2\n2,x\n3\n")
    (inside / "events.jsonl").write_bytes(b'{"a": 1}\n')
    (inside.parent / "notes.md").write_bytes(b"no table")
    return inside.parent


def test_a_folder_keeps_its_tree(folder: Path, tmp_path: Path) -> None:
    result = _run(folder, "--to", tmp_path / "out")
    assert result.exit_code == 0, result.output
    found = {str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*.*")}
    assert found == {"sales.parquet", "sales.quarantine.jsonl", "deep/events.parquet"}
    assert "2 rows \u00d7 2 columns" in result.stdout
    assert "notes.md: its ending" in result.stderr
    assert "1 row \u2192" in result.stdout
    assert "line 4" in result.stdout
    assert pq.read_table(tmp_path / "out" / "sales.parquet").column("v").to_pylist() == ["2", "x"]
    metadata = pq.read_metadata(tmp_path / "out" / "deep" / "events.parquet").metadata
    place = json.loads(metadata[b"datafleet.source"])
    assert (place["path"], place["folder"]) == ("deep/events.jsonl", "deep")


def test_json_gives_one_object_a_file(folder: Path, tmp_path: Path) -> None:
    (folder / "bad.csv").write_bytes(b"\x89PNG\r\n\x1a\n")
    result = _run(folder, "--to", tmp_path / "out", "--json")
    assert result.exit_code == 1
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["ok"] for line in lines] == [False, False, True, True]
    assert [line["error"]["code"] for line in lines[:2]] == ["left_out", "unsupported_format"]
    assert lines[3]["report"]["quarantine"]["rows"] == 1


def test_options_reach_the_converter(tmp_path: Path) -> None:
    source = tmp_path / "x.txt"
    source.write_bytes("K\u00f6ln\t00501\tNA\n".encode("cp1252"))
    result = _run(
        source, "--to", tmp_path, "--encoding", "cp1252", "--delimiter", "\\t", "--no-header",
        "--null", "NA", "--schema", "column_2=string",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert pq.read_table(tmp_path / "x.parquet").to_pylist() == [
        {"column_1": "K\u00f6ln", "column_2": "00501", "column_3": None}
    ]


def test_two_files_of_one_name_keep_their_endings(tmp_path: Path) -> None:
    for name in ("a.csv", "a.tsv"):
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_bytes(b"x\ty\n1\t2\n")
    assert _run(tmp_path / "in", "--to", tmp_path / "out").exit_code == 0
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"a.csv.parquet", "a.tsv.parquet"}


def test_results_of_one_name_are_kept_apart(tmp_path: Path) -> None:
    """A folder `shop` beside a file `shop.json`, and names that differ in a forbidden letter."""
    (tmp_path / "in" / "shop").mkdir(parents=True)
    (tmp_path / "in" / "shop" / "a.csv").write_bytes(b"x\n1\n")
    document = {"a": [{"x": 2}], "b:c": [{"x": 3}], "b?c": [{"x": 4}]}
    (tmp_path / "in" / "shop.json").write_text(json.dumps(document))
    result = _run(tmp_path / "in", "--to", tmp_path / "out")
    assert result.exit_code == 0, result.output
    stored = {
        str(path.relative_to(tmp_path / "out")): pq.read_table(path).column("x").to_pylist()
        for path in (tmp_path / "out").rglob("*.parquet")
    }
    assert sorted(map(tuple, stored.values())) == [(1,), (2,), (3,), (4,)]
    assert "2 of 2 files converted  4 tables, 4 rows, 4 columns" in result.stderr


def test_links_are_listed_not_followed(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_bytes(b"x\n1\n")
    (tmp_path / "in" / "b.csv").symlink_to("/etc/passwd")
    result = _run(tmp_path / "in", "--to", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "b.csv: it is a link" in result.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.parquet"]


def test_a_file_of_several_tables_becomes_a_folder(tmp_path: Path) -> None:
    source = tmp_path / "shop.json"
    source.write_bytes(b'{"people": [{"id": 1}], "../orders": [{"id": 7}]}')
    result = _run(source, "--to", tmp_path / "out")
    assert result.exit_code == 0, result.output
    found = {str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*.parquet")}
    assert found == {"shop/people.parquet", "shop/_/orders.parquet"}
    assert "shop.json [people]" in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["--delimiter", ";;"],
        ["--schema", "nonsense"],
        ["--on-bad-rows", "ignore"],
    ],
)
def test_wrong_usage_is_2(folder: Path, tmp_path: Path, arguments: list[str]) -> None:
    assert _run(folder, "--to", tmp_path / "out", *arguments).exit_code == 2


def test_an_empty_folder_and_a_missing_file_are_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert _run(tmp_path / "empty", "--to", tmp_path / "out").exit_code == 2
    assert _run(tmp_path / "none.csv", "--to", tmp_path / "out").exit_code == 2


def test_nothing_of_a_failed_file_is_left(tmp_path: Path) -> None:
    source = tmp_path / "x.csv"
    source.write_bytes(b"a,b\n1,2\n3\n")
    result = _run(source, "--to", tmp_path / "out", "--on-bad-rows", "fail")
    assert result.exit_code == 1
    assert "Line 3" in result.stderr
    assert list((tmp_path / "out").iterdir()) == []


def test_help_costs_no_heavy_import() -> None:
    code = (
        "import sys; import svc_parquet.commands.convert; "
        "print([m for m in ('polars', 'pyarrow', 'rich', 'numpy') if m in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=os.environ
    )
    assert run.stdout.strip() == "[]"
