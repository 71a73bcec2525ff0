"""An archive is the folder that it holds, and nothing that it says of itself leads out of it."""

import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

import made_documents as made
import pytest
from knowledge_service import Knowledge

from shared_lib.contracts.knowledge import Selection
from svc_knowledgebase.building.selection import Selector
from svc_knowledgebase.sources import archives
from svc_knowledgebase.sources.archives import Unpacked, unpack

MEMBERS = {"a/guide.md": b"# Pump\n\nTurn the red wheel.\n", "a/b/note.txt": b"A short note."}
EVERYTHING = Selector(Selection(exclude=[]))


def tar(members: dict[str, bytes], *, mode: str = "w:gz") -> bytes:
    """With a link out of it at its end."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
        link = tarfile.TarInfo("away")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return buffer.getvalue()


def members(tmp_path: Path, data: bytes, selector: Selector = EVERYTHING) -> list[Unpacked]:
    place, into = tmp_path / "archive", tmp_path / "into"
    place.write_bytes(data)
    into.mkdir()
    found = list(unpack(place, "docs.zip", selector, into=into))
    assert {path.parent for path in tmp_path.rglob("*") if path.is_file()} <= {tmp_path, into}
    return found


@pytest.mark.parametrize("data", [made.packed(MEMBERS), tar(MEMBERS), tar(MEMBERS, mode="w")])
def test_members_are_files_below_the_archive(tmp_path: Path, data: bytes) -> None:
    read = {
        each.file.path: (each.file.sha256, each.place.read_bytes())
        for each in members(tmp_path, data)
        if each.place
    }
    assert read == {
        f"docs.zip/{name}": (hashlib.sha256(data).hexdigest(), data)
        for name, data in MEMBERS.items()
    }


def test_what_is_not_selected_is_counted(tmp_path: Path) -> None:
    found = members(tmp_path, made.packed(MEMBERS), Selector(Selection(include=["*.md"])))
    assert [(each.file.path, each.selected, each.place is None) for each in found] == [
        ("docs.zip/a/guide.md", True, False),
        ("docs.zip/a/b/note.txt", False, True),
    ]


@pytest.mark.parametrize(
    ("name", "code"),
    [("../../evil.txt", "unsafe_name"), ("/etc/evil.txt", "unsafe_name"), ("a\\b", "unsafe_name"),
     ("a//b.txt", "unsafe_name")],
)  # fmt: skip
def test_names_that_lead_out(tmp_path: Path, name: str, code: str) -> None:
    (found,) = members(tmp_path, made.packed({name: b"evil"}))
    assert found.file.fate
    assert (found.file.fate.fate, found.file.fate.code) == ("failed", code)
    assert found.file.path.startswith("docs.zip/")
    assert ".." not in found.file.path


def test_links_and_torn_archives_say_so(tmp_path: Path) -> None:
    link = members(tmp_path, tar(MEMBERS))[-1].file.fate
    assert link
    assert (link.path, link.code) == ("docs.zip/away", "link")
    (tmp_path / "torn").mkdir()
    torn = members(tmp_path / "torn", made.packed({"a.txt": b"words " * 9999})[:-40])
    assert [each.file.fate and each.file.fate.code for each in torn] == ["damaged_document"]


def test_a_bomb_stops_at_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_BYTES", 10**6)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(3):
            archive.writestr(f"{number}.txt", bytes(900_000))
    last = members(tmp_path, buffer.getvalue())[-1].file.fate
    assert last
    assert (last.path, last.code) == ("docs.zip", "document_too_large")
    assert sum(path.stat().st_size for path in (tmp_path / "into").iterdir()) <= 2 * 10**6 + 2**21


def test_a_landed_archive_becomes_a_base(light_knowledge: Knowledge) -> None:
    light_knowledge.make_base("packed")
    archive = made.packed({**MEMBERS, "deep.zip": made.packed(MEMBERS)})
    light_knowledge.land({"docs.zip": archive, "beside.txt": b"Beside it."}, dataset="packed")
    build = light_knowledge.built("packed")
    assert (build["counts"]["parsed"], build["counts"]["skipped"]) == (3, 1)
    records = light_knowledge.records("packed")
    assert {(record.path, record.folder, record.depth) for record in records} == {
        ("beside.txt", "", 0),
        ("docs.zip/a/b/note.txt", "docs.zip/a/b", 3),
        ("docs.zip/a/guide.md", "docs.zip/a", 2),
    }
    changed = made.packed({**MEMBERS, "a/guide.md": b"# Pump\n\nTurn the blue wheel.\n"})
    light_knowledge.land({"docs.zip": changed}, dataset="packed", number=2)
    again = light_knowledge.built("packed")
    assert again["changes"]["changed"] == ["docs.zip/a/guide.md"]
    assert again["changes"]["parsed_now"] == 1
