"""Hundreds of real files, many folders deep: those of the installed distributions.

`FLEET_DOCUMENTATION` names another tree, such as `tests/documentation.py` makes. Their texts are
also written in the formats of office programs and as mail beside them, and every sampled file is
read by a second parser that shares no code with ours.
"""

import codecs
import csv
import html
import io
import json
import os
import quopri
import re
import shutil
import sysconfig
import zipfile
from collections import Counter
from collections.abc import Callable
from email.message import EmailMessage
from html.parser import HTMLParser
from itertools import islice
from pathlib import Path, PurePosixPath

import docx
import openpyxl
import pptx
import pytest
from made_documents import open_text, pdf
from pypdf import PdfReader

from shared_lib.contracts.knowledge import BuildOptions, KnowledgeRecord, Selection
from svc_knowledgebase.building.folder import BuildReport, build_folder

SUFFIXES = (".md", ".txt", ".rst", ".html", ".csv", ".json")
JSON_FILES = 100
WORD = re.compile(r"\w+")
DEPTH = 6
MADE = (".docx", ".xlsx", ".pdf", ".pptx", ".odt", ".rtf", ".eml")

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """At least 500 files, at least six folders deep."""
    root = tmp_path_factory.mktemp("tree") / "docs"
    source = Path(os.environ.get("FLEET_DOCUMENTATION") or sysconfig.get_path("purelib"))
    found = [path for path in sorted(source.rglob("*")) if path.suffix in SUFFIXES]
    jsons = [path for path in found if path.suffix == ".json" and path.stat().st_size < 10**6]
    some = jsons[:: max(len(jsons) // JSON_FILES, 1)]
    wanted = [path for path in found if path.suffix != ".json" and path.is_file()] + some
    for path in wanted:
        target = root / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    for path in islice(sorted(root.rglob("*.txt")), 0, 300, 10):
        _in_other_formats(path)
    return root


def _in_other_formats(path: Path) -> None:
    text = path.read_text(encoding="utf-8", errors="ignore").encode("latin-1", "ignore")
    lines = [line for line in text.decode("latin-1").split("\n") if line.isprintable()][:500]
    document, book = docx.Document(), openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for line in lines:
        document.add_paragraph(line)
        sheet.append([f"'{line}" if line.startswith("=") else line])
    document.save(str(path.with_suffix(".docx")))
    book.save(path.with_suffix(".xlsx"))
    pages = ["\n".join(lines[start : start + 50]) for start in range(0, len(lines), 50)]
    path.with_suffix(".pdf").write_bytes(pdf(pages))
    show = pptx.Presentation()
    for page in pages:
        slide = show.slides.add_slide(show.slide_layouts[1])
        slide.shapes.title.text, _, slide.placeholders[1].text = page.partition("\n")
    show.save(str(path.with_suffix(".pptx")))
    message = EmailMessage()
    message["Subject"] = "Sent on"
    message.set_content("\n".join(lines), cte="quoted-printable")
    path.with_suffix(".eml").write_bytes(bytes(message))
    path.with_suffix(".odt").write_bytes(open_text("\n".join(lines)))
    path.with_suffix(".rtf").write_bytes(_as_rtf(lines))


def _as_rtf(lines: list[str]) -> bytes:
    """With fonts, and every second sign beyond ASCII by each of the two ways to write it."""

    def written(sign: str) -> str:
        if sign in "\\{}":
            return f"\\{sign}"
        if ord(sign) < 128:
            return sign
        return f"\\u{ord(sign)}?" if ord(sign) % 2 else f"\\'{ord(sign):02x}"

    body = "\\par\n".join("".join(map(written, line)) for line in lines)
    head = "{\\rtf1\\ansi\\ansicpg1252{\\fonttbl{\\f0\\fswiss Arial;}}{\\*\\generator made;}\\f0 "
    return f"{head}{body}}}".encode("ascii")


@pytest.fixture(scope="module")
def built(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[BuildReport, Path]:
    base = tmp_path_factory.mktemp("base")
    selection = Selection(exclude=[])
    return (
        build_folder(tree, base, selection=selection, options=BuildOptions(), workers=2),
        base,
    )


def test_every_file_has_its_fate(tree: Path, built: tuple[BuildReport, Path]) -> None:
    report, _ = built
    there = {str(path.relative_to(tree)): path for path in tree.rglob("*") if path.is_file()}
    assert len(there) >= 500
    assert max(path.count("/") for path in there) >= DEPTH
    assert {each.path for each in report.manifest.files} == set(there)
    unread = [each for each in report.manifest.files if each.fate != "parsed"]
    assert all(each.code and each.detail for each in unread)
    assert report.manifest.counts.failed == 0, [each for each in unread if each.fate == "failed"]
    assert all(not there[each.path].read_bytes().strip() for each in unread if each.code == "empty")


def test_folders_are_those_of_the_tree(tree: Path, built: tuple[BuildReport, Path]) -> None:
    for record in _records(built[1]):
        path = PurePosixPath(record.path)
        assert (tree / path).is_file()
        assert record.subfolders == list(path.parts[:-1])
        assert (record.folder, record.depth) == ("/".join(path.parts[:-1]), len(path.parts) - 1)


def test_words_are_those_of_a_second_parser(
    tree: Path, built: tuple[BuildReport, Path], record_property: Callable[[str, object], None]
) -> None:
    texts: dict[str, Counter[str]] = {}
    for record in _records(built[1]):
        texts.setdefault(record.path, Counter()).update(WORD.findall(record.text))
    wanted, kept = Counter[str](), Counter[str]()
    for path, words in texts.items():
        suffix = PurePosixPath(path).suffix
        expected = Counter(WORD.findall(READERS[suffix]((tree / path).read_bytes())))
        wanted[suffix] += expected.total()
        kept[suffix] += (expected & words).total()
    recall = {suffix: round(kept[suffix] / wanted[suffix], 4) for suffix in wanted}
    record_property("word_recall", recall)
    assert {*MADE, ".txt", ".html"} <= set(recall) <= {*SUFFIXES, *MADE}
    assert min(recall.values()) >= 0.99, recall


def _records(base: Path) -> list[KnowledgeRecord]:
    with (base / "records.jsonl").open(encoding="utf-8") as lines:
        return [KnowledgeRecord.model_validate_json(line) for line in lines]


class _Words(HTMLParser):
    """The standard library's reader of HTML; it mends nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - as it is called
        if tag in ("script", "style", "head", "template"):
            self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.inside and self.inside[-1] == tag:
            self.inside.pop()

    def handle_data(self, data: str) -> None:
        if not self.inside:
            self.texts.append(data)


def _html(data: bytes) -> str:
    reader = _Words()
    reader.feed(data.decode("utf-8", "ignore"))
    return " ".join(reader.texts)


def _text(data: bytes) -> str:
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return data.decode("utf-16" if wide else "utf-8", "ignore")


def _leaves(value: object) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key} {_leaves(each)}" for key, each in value.items())
    if isinstance(value, list):
        return " ".join(map(_leaves, value))
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _csv(data: bytes) -> str:
    rows = csv.reader(io.StringIO(_text(data)))
    return " ".join(" ".join(row) for row in rows)


def _docx(data: bytes) -> str:
    return "\n".join(each.text for each in docx.Document(io.BytesIO(data)).paragraphs)


def _xlsx(data: bytes) -> str:
    sheets = openpyxl.load_workbook(io.BytesIO(data)).worksheets
    rows = [row for sheet in sheets for row in sheet.iter_rows(values_only=True)]
    return " ".join(str(cell) for row in rows for cell in row if cell is not None)


def _pptx(data: bytes) -> str:
    shapes = [
        shape for slide in pptx.Presentation(io.BytesIO(data)).slides for shape in slide.shapes
    ]
    return "\n".join(shape.text_frame.text for shape in shapes if shape.has_text_frame)


def _odt(data: bytes) -> str:
    """Whatever stands between tags."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return html.unescape(re.sub("<[^>]+>", " ", package.read("content.xml").decode()))


def _rtf(data: bytes) -> str:
    """A grammar of three rules (RTF specification 1.9.1): groups that say nothing, words, signs."""
    text = re.sub(
        r"\{\\(?:fonttbl|colortbl|stylesheet|\*)(?:[^{}]|\{[^{}]*\})*\}", "", data.decode("ascii")
    )
    text = re.sub(r"\\u(\d+)\?", lambda found: chr(int(found[1])), text)
    text = re.sub(r"\\'([0-9a-f]{2})", lambda found: bytes.fromhex(found[1]).decode("cp1252"), text)
    text = re.sub(r"\\par\b", "\n", text)
    return re.sub(r"\\[a-z]+-?\d* ?|[{}]|\\(?=[\\{}])", "", text)


def _eml(data: bytes) -> str:
    """Headers as they are, and the body by the decoder of its encoding."""
    head, _, body = data.partition(b"\n\n")
    said = [line.partition(b":")[2] for line in head.split(b"\n") if line.startswith(b"Subject")]
    return b" ".join([*said, quopri.decodestring(body)]).decode()


def _pdf(data: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)


READERS: dict[str, Callable[[bytes], str]] = {
    ".md": _text,
    ".txt": _text,
    ".rst": _text,
    ".html": _html,
    ".csv": _csv,
    ".json": lambda data: _leaves(json.loads(data)),
    ".docx": _docx,
    ".xlsx": _xlsx,
    ".pdf": _pdf,
    ".pptx": _pptx,
    ".odt": _odt,
    ".rtf": _rtf,
    ".eml": _eml,
}
