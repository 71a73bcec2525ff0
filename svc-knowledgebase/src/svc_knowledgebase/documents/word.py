"""Word documents: body, tables, notes, comments, headers and footers, straight from their XML.

Measured before writing it (kreuzberg 4.10.4): `R&D < 5` came out as `RD 5`; and python-docx leaves
out text boxes and footnotes. Deleted text under revision is left out, inserted text is in.
"""

import re
from functools import lru_cache
from xml.etree import ElementTree as ET

from svc_knowledgebase.documents.blocks import Block, DocumentLimits, Outline, ParsedDocument
from svc_knowledgebase.documents.errors import DamagedDocumentError
from svc_knowledgebase.documents.packages import Package
from svc_knowledgebase.documents.texts import tidy

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_PARAGRAPH = f"{W}p"
_TEXT = f"{W}t"
_SIGNS = {f"{W}tab": "\t", f"{W}br": "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "-"}
_HEADING = re.compile(r"heading ([1-9])$", re.IGNORECASE)
_STYLES = "word/styles.xml"
# The name is the first thing inside a style, by the standard's schema.
_STYLE = re.compile(
    r'<(?:\w+:)?style\b[^>]*?\b(?:\w+:)?styleId="([^"]*)"[^>]*>\s*<(?:\w+:)?name\s+(?:\w+:)?val="([^"]*)"'
)
_OTHERS = (
    (re.compile(r"word/footnotes\.xml$"), "note"),
    (re.compile(r"word/endnotes\.xml$"), "note"),
    (re.compile(r"word/comments\.xml$"), "comment"),
    (re.compile(r"word/header\d*\.xml$"), "header"),
    (re.compile(r"word/footer\d*\.xml$"), "footer"),
)


def parse_docx(data: bytes, limits: DocumentLimits) -> ParsedDocument:
    """A Word document.

    Raises:
        DamagedDocumentError: it has no body, or XML that is not well formed.
        DocumentTooLargeError: it unpacks to too much.
    """
    package = Package(data, limits)
    body = package.xml("word/document.xml")
    if body is None:
        raise DamagedDocumentError("It has no word/document.xml. Export it again.")
    document = ParsedDocument(parser="datafleet-docx", parser_version="1")
    levels = _heading_levels(package)
    document.blocks = _Reader(levels).read(body)
    for pattern, kind in _OTHERS:
        for name in sorted(filter(pattern.match, package.names)):
            other = package.xml(name)
            if other is not None:
                document.blocks += _Reader({}, kind=kind).read(other)
    document.title = core_title(package) or next(
        (block.text for block in document.blocks if block.kind == "heading"), None
    )
    return document


def core_title(package: Package) -> str | None:
    """The title in the document's properties."""
    core = package.xml("docProps/core.xml")
    found = core.findtext(f".//{_TITLE}") if core is not None else None
    return found.strip() or None if found else None


def _heading_levels(package: Package) -> dict[str, int]:
    """The level of each style that is a heading, by the style's id.

    Word writes hundreds of kilobytes of styles, of which this is all that counts: they are searched
    and not parsed, which would cost more than the rest of a document.
    """
    if _STYLES not in package.names:
        return {}
    return _levels_of(package.read(_STYLES))


@lru_cache(maxsize=8)
def _levels_of(styles: bytes) -> dict[str, int]:
    """The documents of a folder are often made from one template."""
    levels = {}
    for style, name in _STYLE.findall(styles.decode("utf-8", "replace")):
        found = _HEADING.match(name)
        if found:
            levels[style] = int(found[1])
        elif name.lower() == "title":
            levels[style] = 1
    return levels


class _Reader:
    """Walks one part in document order without recursion, however deep it is nested."""

    def __init__(self, levels: dict[str, int], *, kind: str = "paragraph") -> None:
        self._levels = levels
        self._kind = kind
        self._outline = Outline()
        self._blocks: list[Block] = []
        self._paragraphs: list[list[str]] = []
        self._tables: list[list[list[list[str]]]] = []

    def read(self, root: ET.Element) -> list[Block]:
        """The blocks of a part."""
        stack: list[tuple[ET.Element, bool]] = [(root, False)]
        while stack:
            element, left = stack.pop()
            if left:
                self._leave(element)
                continue
            if element.tag == _FALLBACK:
                continue  # the same once more, for readers that are older
            if element.tag == _PARAGRAPH and self._read_plain(element):
                continue
            self._enter(element)
            stack.append((element, True))
            stack += [(child, False) for child in reversed(element)]
        return self._blocks

    def _read_plain(self, paragraph: ET.Element) -> bool:
        """Read a paragraph at once; False when there are others in it, in a text box.

        Nearly all are plain, and walking each of their elements costs four times as much.
        """
        pieces = []
        inside = iter(paragraph.iter())
        next(inside)
        for element in inside:
            tag = element.tag
            if tag == _TEXT:
                pieces.append(element.text or "")
            elif tag in _SIGNS:
                pieces.append(_SIGNS[tag])
            elif tag in (_PARAGRAPH, _FALLBACK):
                return False
        text = tidy("".join(pieces)).strip()
        if text:
            self._put(text, paragraph)
        return True

    def _enter(self, element: ET.Element) -> None:
        tag = element.tag
        if tag == f"{W}p":
            self._paragraphs.append([])
        elif tag == f"{W}tbl":
            self._tables.append([])
        elif tag == f"{W}tr" and self._tables:
            self._tables[-1].append([])
        elif tag == f"{W}tc" and self._tables and self._tables[-1]:
            self._tables[-1][-1].append([])
        elif self._paragraphs and tag == f"{W}t":
            self._paragraphs[-1].append(element.text or "")
        elif self._paragraphs and tag in _SIGNS:
            self._paragraphs[-1].append(_SIGNS[tag])

    def _leave(self, element: ET.Element) -> None:
        if element.tag == f"{W}p":
            text = tidy("".join(self._paragraphs.pop())).strip()
            if text:
                self._put(text, element)
        elif element.tag == f"{W}tbl":
            rows = [" | ".join(" ".join(cell) for cell in row) for row in self._tables.pop()]
            text = "\n".join(row for row in rows if row.strip(" |"))
            if text:
                self._put(text, None)

    def _put(self, text: str, paragraph: ET.Element | None) -> None:
        if self._tables and self._tables[-1] and self._tables[-1][-1]:
            self._tables[-1][-1][-1].append(text)
            return
        kind, level = ("table", None) if paragraph is None else self._style(paragraph)
        section = self._outline.enter(level, text) if level else self._outline.path
        self._blocks.append(Block(text=text, kind=kind, section=section))

    def _style(self, paragraph: ET.Element) -> tuple[str, int | None]:
        properties = paragraph.find(f"{W}pPr")
        if properties is None:
            return self._kind, None
        style = properties.find(f"{W}pStyle")
        level = self._levels.get(style.get(f"{W}val", "")) if style is not None else None
        if level:
            return "heading", level
        in_list = properties.find(f"{W}numPr") is not None
        listed = style is not None and style.get(f"{W}val", "").startswith("List")
        return ("list_item" if in_list or listed else self._kind), None
