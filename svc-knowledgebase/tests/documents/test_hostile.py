"""Documents that lie, bomb, or crash: each is refused with its reason and costs itself only."""

import io
import zipfile
from pathlib import Path

import made_documents as made
import pytest

from shared_lib.contracts.knowledge import BuildOptions, FileFate, Selection
from svc_knowledgebase.building.folder import BuildReport, build_folder

ENTITIES = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><w:document
xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>&b;
</w:t></w:r></w:p></w:body></w:document>"""


def laughs() -> bytes:
    """RDF/XML, which may declare entities: of ten of ten of ten ... letters, a thousand million."""
    names = "abcdefghi"
    nested = "".join(
        f'<!ENTITY {name} "{f"&{inner};" * 10}">'
        for inner, name in zip("x" + names, names, strict=False)
    )
    return (
        f'<?xml version="1.0"?><!DOCTYPE rdf:RDF [<!ENTITY x "x">{nested}]><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:p="urn:p:"><rdf:Description '
        'rdf:about="urn:y"><p:a>&i;</p:a></rdf:Description></rdf:RDF>'
    ).encode()


def with_size(data: bytes, size: int) -> bytes:
    """An archive whose only member says to have another size than it has."""
    changed = bytearray(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        offset = archive.start_dir + 24
    changed[offset : offset + 4] = size.to_bytes(4, "little")
    return bytes(changed)


ZEROS = made.packed({"word/document.xml": bytes(50 * 1024**2)})
"""50 MB in 50 kB, which is what makes a bomb."""


HOSTILE: dict[str, tuple[bytes, str, str]] = {
    "bomb.docx": (with_size(ZEROS, 700 * 1024**2), "failed", "document_too_large"),
    "lying.docx": (with_size(ZEROS, 1), "failed", "damaged_document"),
    "entities.docx": (made.packed({"word/document.xml": ENTITIES}), "failed", "damaged_document"),
    "protected.pdf": (made.pdf(["secret"], password="x"), "failed", "protected_document"),
    "long.pdf": (made.pdf(["x"] * 5_001), "failed", "document_too_large"),
    "torn.pdf": (made.pdf(["x"])[:300], "failed", "damaged_document"),
    "torn.docx": (made.word()[:3000], "failed", "damaged_document"),
    "signs.pdf": (made.pdf_of_signs("no letter of this"), "failed", "unreadable_fonts"),
    "entities.rdf": (laughs(), "failed", "document_limit"),
    "protected.docx": (made.packed_by_ole("EncryptedPackage"), "failed", "protected_document"),
    "scanned.pdf": (made.pdf(["", ""]), "skipped", "scanned_document"),
    "picture.pdf": (b"\x89PNG\r\n\x1a\n" + bytes(99), "failed", "wrong_format"),
    "program.txt": (b"\x7fELF\x02\x01\x01" + bytes(64), "skipped", "unknown_format"),
    "archive.zip": (made.packed({"a.txt": b"a"}), "skipped", "unknown_format"),
    "empty.md": (b" \n", "skipped", "empty_document"),
    "silent.docx": (made.packed({"word/document.xml": b"<a/>"}), "skipped", "empty_document"),
    "bad.json": (b'{"a": ', "failed", "damaged_document"),
    "deep.json": (b"[" * 100_000, "failed", "damaged_document"),
    "bad.ttl": (b"<a> <b> .", "failed", "damaged_document"),
    "deep.html": (b"<div>" * 200_000 + b"words", "failed", "document_limit"),
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> BuildReport:
    """All of them in one folder, with one good document between them."""
    folder = tmp_path_factory.mktemp("hostile")
    for name, (data, _, _) in HOSTILE.items():
        (folder / name).write_bytes(data)
    (folder / "good.txt").write_text("A good document among bad ones.")
    (folder / "is-a-word-document.txt").write_bytes(made.word())
    (folder / "link.txt").symlink_to("/etc/hostname")
    return build_folder(
        folder,
        tmp_path_factory.mktemp("base"),
        selection=Selection(),
        options=BuildOptions(document_cpu_s=1.5, document_memory_bytes=1024**3),
        workers=2,
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_a_bad_document_says_why(built: BuildReport, name: str) -> None:
    fate = of(built, name)
    assert (fate.fate, fate.code) == HOSTILE[name][1:], fate.detail
    assert fate.records == 0
    assert fate.detail
    assert fate.detail.endswith(".")


def test_the_good_ones_beside_them_are_read(built: BuildReport) -> None:
    assert of(built, "good.txt").fate == "parsed"
    told = of(built, "is-a-word-document.txt")
    assert (told.fate, told.parser) == ("parsed", "datafleet-docx")
    assert of(built, "link.txt").code == "link"


def test_every_file_is_accounted_for(built: BuildReport) -> None:
    counts = built.manifest.counts
    assert counts.found == len(HOSTILE) + 3
    assert counts.parsed + counts.skipped + counts.failed == counts.found


def test_memory_is_bounded(tmp_path: Path) -> None:
    """A table of two million rows within 256 MiB."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "big.jsonl").write_bytes(b'{"a": "some words"}\n' * 2_000_000)
    (tmp_path / "in" / "small.jsonl").write_bytes(b'{"a": 1}\n')
    report = build_folder(
        tmp_path / "in",
        tmp_path / "out",
        selection=Selection(),
        options=BuildOptions(document_memory_bytes=256 * 1024**2),
    )
    assert of(report, "big.jsonl").code == "document_limit"
    assert "256 MiB" in (of(report, "big.jsonl").detail or "")
    assert of(report, "small.jsonl").fate == "parsed"


def of(report: BuildReport, name: str) -> FileFate:
    return next(each for each in report.manifest.files if each.path == name)
