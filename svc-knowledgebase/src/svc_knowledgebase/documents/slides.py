"""Presentations: slide by slide, with tables and speaker notes, straight from their XML."""

from xml.etree import ElementTree as ET

from svc_knowledgebase.documents.blocks import Block, DocumentLimits, ParsedDocument
from svc_knowledgebase.documents.errors import DamagedDocumentError, DocumentTooLargeError
from svc_knowledgebase.documents.packages import Package
from svc_knowledgebase.documents.texts import tidy
from svc_knowledgebase.documents.word import core_title

A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_COUNTED = frozenset({"sldNum", "sldImg", "dt"})


def parse_pptx(data: bytes, limits: DocumentLimits) -> ParsedDocument:
    """A presentation; the page of a block is its slide.

    Raises:
        DamagedDocumentError: it has no slides' list, or XML that is not well formed.
        DocumentTooLargeError: it unpacks to too much, or has too many slides.
    """
    package = Package(data, limits)
    main = package.xml("ppt/presentation.xml")
    if main is None:
        raise DamagedDocumentError("It has no ppt/presentation.xml. Export it again.")
    related = package.related("ppt/presentation.xml")
    slides = [related.get(each.get(_ID, ""), "") for each in main.iter(f"{P}sldId")]
    if len(slides) > limits.pages:
        raise DocumentTooLargeError(f"It has {len(slides):,} slides; {limits.pages:,} are read.")
    document = ParsedDocument(parser="datafleet-pptx", parser_version="1", pages=len(slides))
    for number, name in enumerate(slides, start=1):
        document.blocks += _slide(package, name, number=number)
    document.title = core_title(package) or next(
        (block.text for block in document.blocks if block.kind == "heading"), None
    )
    return document


def _slide(package: Package, name: str, *, number: int) -> list[Block]:
    root = package.xml(name)
    if root is None:
        return []
    heading, texts = "", list[tuple[str, str]]()
    for shape in root.iter():
        if shape.tag == f"{P}sp":
            kind = _placeholder(shape)
            text = "" if kind in _COUNTED else _paragraphs(shape)
            if kind in ("title", "ctrTitle") and text and not heading:
                heading = " ".join(text.split())
            elif text:
                texts.append((text, "paragraph"))
        elif shape.tag == f"{A}tbl":
            texts.append((_table(shape), "table"))
    section = (heading,) if heading else ()
    blocks = [Block(text=heading, kind="heading", section=section, page=number)] if heading else []
    texts += [(text, "note") for text in _notes(package, name)]
    return blocks + [
        Block(text=text, kind=kind, section=section, page=number) for text, kind in texts if text
    ]


def _notes(package: Package, slide: str) -> list[str]:
    if not package.has("notesSlide"):
        return []  # saves a member a slide
    names = [name for name in package.related(slide).values() if "/notesSlide" in name]
    roots = [root for name in names if (root := package.xml(name)) is not None]
    shapes = [shape for root in roots for shape in root.iter(f"{P}sp")]
    return [_paragraphs(shape) for shape in shapes if _placeholder(shape) not in _COUNTED]


def _placeholder(shape: ET.Element) -> str:
    found = shape.find(f"{P}nvSpPr/{P}nvPr/{P}ph")
    return found.get("type", "body") if found is not None else ""


def _paragraphs(element: ET.Element) -> str:
    lines = []
    for paragraph in element.iter(f"{A}p"):
        pieces = []
        for run in paragraph.iter():
            if run.tag == f"{A}t":
                pieces.append(run.text or "")
            elif run.tag == f"{A}br":
                pieces.append("\n")
        lines.append("".join(pieces).strip())
    return tidy("\n".join(line for line in lines if line)).strip()


def _table(table: ET.Element) -> str:
    rows = [
        " | ".join(" ".join(_paragraphs(cell).split()) for cell in row.iter(f"{A}tc"))
        for row in table.iter(f"{A}tr")
    ]
    return "\n".join(row for row in rows if row.strip(" |"))
