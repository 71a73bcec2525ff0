"""A folder becomes a base; built again, only what changed is parsed, and no byte differs."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path, PurePosixPath

import made_documents as made
import polars as pl
import pytest

from shared_lib.contracts.knowledge import BuildOptions, KnowledgeRecord, Selection
from svc_knowledgebase.building.folder import BuildReport, build_folder
from svc_knowledgebase.building.parsed import Recipe
from svc_knowledgebase.building.parsers import Document, ParserChild

LONG = " ".join(f"word{number}" for number in range(60))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Documents up to three folders deep."""
    root = tmp_path / "manuals"
    files = {
        "readme.md": b"# Read me\n\nAbout the manuals of all pumps.\n",
        "pumps/2025/guide.docx": made.word(),
        "pumps/2025/deep/er/list.csv": b"part,mass\nbolt,12\n",
        "pumps/copy.txt": LONG.encode(),
        "pumps/copy2.txt": f"{LONG} end".encode(),
        "pumps/same1.txt": b"The very same text.",
        "pumps/same2.txt": b"The very same text.",
        "pumps/.hidden.txt": b"hidden",
        "picture.png": b"\x89PNG\r\n\x1a\n\0",
    }
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def build(folder: Path, target: Path) -> BuildReport:
    return build_folder(folder, target, selection=Selection(), options=BuildOptions())


def records(target: Path) -> list[KnowledgeRecord]:
    lines = (target / "records.jsonl").read_text(encoding="utf-8").splitlines()
    return [KnowledgeRecord.model_validate_json(line) for line in lines]


def contents(target: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in target.iterdir() if path.is_file()}


def test_records_say_where_they_stand(folder: Path, tmp_path: Path) -> None:
    report = build(folder, tmp_path / "base")
    found = records(tmp_path / "base")

    assert report.manifest.counts.model_dump(exclude={"bytes", "tokens"}) == {
        "found": 8, "parsed": 7, "skipped": 1, "failed": 0, "excluded": 1, "records": 9,
        "near_duplicates": 1,
    }  # fmt: skip
    for record in found:
        path = PurePosixPath(record.path)
        data = (folder / record.path).read_bytes()
        assert record.sha256 == hashlib.sha256(data).hexdigest()
        assert (record.filename, record.folder) == (path.name, "/".join(path.parts[:-1]))
        assert (record.subfolders, record.depth) == ([*path.parts[:-1]], len(path.parts) - 1)
        assert record.source == "manuals"
        assert record.char_end - record.char_start == len(record.text)
    deepest = next(each for each in found if each.path.endswith("list.csv"))
    assert (deepest.depth, deepest.text) == (4, "part: bolt; mass: 12")
    second = next(each for each in found if each.path.endswith("copy2.txt"))
    first = next(each for each in found if each.path.endswith("copy.txt"))
    assert second.near_duplicate_of == first.id
    assert len({each.id for each in found}) == len(found)
    assert found[-1].language == "en"


def test_parquet_is_the_same(folder: Path, tmp_path: Path) -> None:
    build(folder, tmp_path / "base")
    lines = (tmp_path / "base" / "records.jsonl").read_text(encoding="utf-8").splitlines()
    assert pl.read_parquet(tmp_path / "base" / "records.parquet").to_dicts() == [
        json.loads(line) for line in lines
    ]


def test_an_unchanged_folder_changes_no_byte(folder: Path, tmp_path: Path) -> None:
    build(folder, tmp_path / "base")
    before = contents(tmp_path / "base")
    for path in folder.rglob("*.txt"):
        os.utime(path, (1, 1))
    again = build(folder, tmp_path / "base")
    elsewhere = build(folder, tmp_path / "other")

    assert contents(tmp_path / "base") == before == contents(tmp_path / "other")
    assert again.changes.parsed_now == 0
    assert elsewhere.changes.parsed_now == 7, "the same bytes twice are parsed once"
    assert again.changes.model_dump() == {
        "added": [], "changed": [], "moved": [], "deleted": [], "parsed_now": 0,
    }  # fmt: skip


def test_changes_moves_and_deletions_are_followed(folder: Path, tmp_path: Path) -> None:
    build(folder, tmp_path / "base")
    before = {record.id: record for record in records(tmp_path / "base")}
    (folder / "readme.md").write_text("# Read me\n\nNow about something else entirely.\n")
    shutil.move(folder / "pumps" / "2025", folder / "archive")
    (folder / "pumps" / "same2.txt").unlink()
    (folder / "new.txt").write_text("A new document.")
    report = build(folder, tmp_path / "base")
    after = {record.id: record for record in records(tmp_path / "base")}

    assert report.changes.model_dump() == {
        "added": ["new.txt"],
        "changed": ["readme.md"],
        "moved": [
            ("pumps/2025/deep/er/list.csv", "archive/deep/er/list.csv"),
            ("pumps/2025/guide.docx", "archive/guide.docx"),
        ],
        "deleted": ["pumps/same2.txt"],
        "parsed_now": 2,
    }
    untouched = {name for name, each in before.items() if each.path in ("pumps/copy.txt",
                 "pumps/copy2.txt", "pumps/same1.txt")}  # fmt: skip
    assert {name: after[name] for name in untouched} == {name: before[name] for name in untouched}
    assert {each.path for each in after.values()} == {
        str(path.relative_to(folder)) for path in folder.rglob("*.*")
        if path.is_file() and path.suffix != ".png" and not path.name.startswith(".")
    }  # fmt: skip


def test_a_record_keeps_its_id_when_others_come_before_it(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    text = "\n\n".join(f"# Part {number}\n\nThe text of part {number}." for number in range(4))
    (tmp_path / "in" / "a.md").write_text(text)
    build(tmp_path / "in", tmp_path / "base")
    before = {record.text: record.id for record in records(tmp_path / "base")}
    (tmp_path / "in" / "a.md").write_text(f"# New\n\nAn inserted part.\n\n{text}")
    build(tmp_path / "in", tmp_path / "base")
    after = {record.text: record.id for record in records(tmp_path / "base")}

    assert before.items() <= after.items()
    assert len(after) == 5


def test_options_and_patterns_count(folder: Path, tmp_path: Path) -> None:
    build(folder, tmp_path / "base")
    report = build_folder(
        folder,
        tmp_path / "base",
        selection=Selection(include=["*.csv"]),
        options=BuildOptions(columns=["mass"]),
    )
    assert [each.path for each in report.manifest.files] == ["pumps/2025/deep/er/list.csv"]
    assert [record.text for record in records(tmp_path / "base")] == ["12"]
    assert report.manifest.counts.excluded == 8


def test_a_child_that_somebody_kills_is_started_again(folder: Path) -> None:
    recipe = Recipe.of(BuildOptions())
    child = ParserChild(recipe)
    place = folder / "readme.md"
    document = Document(
        key="k", place=place, name=place.name, sha256=hashlib.sha256(place.read_bytes()).hexdigest()
    )
    first = child.parse(document)
    process = child._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert child.parse(document) == first
    child.close()


def test_a_build_that_is_killed_goes_on(folder: Path, tmp_path: Path) -> None:
    """Stopped after each durable step in turn, it ends with the same bytes."""
    build(folder, tmp_path / "whole")
    wanted = contents(tmp_path / "whole")
    for point in ("knowledgebase.folder.committed", "knowledgebase.folder.half_replaced"):
        target = tmp_path / point
        command = [sys.executable, "-c",
                   "from svc_knowledgebase.commands.build import command; command()",
                   str(folder), "--to", str(target), "--quiet"]  # fmt: skip
        stopped = subprocess.run(command, env=os.environ | {"FLEET_CRASH_AT": point}, check=False)
        assert stopped.returncode == 137
        assert contents(target) != wanted
        report = build(folder, target)
        assert report.changes.parsed_now == 0, "what was committed is not parsed again"
        assert contents(target) == wanted
        assert not [each for each in target.iterdir() if each.name.startswith(".building")]
