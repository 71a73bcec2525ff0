"""OpenDocument texts and presentations, straight from their XML."""

from xml.etree import ElementTree as ET

from svc_knowledgebase.documents.blocks import Block, DocumentLimits, Outline, ParsedDocument
from svc_knowledgebase.documents.errors import DamagedDocumentError, ProtectedDocumentError
from svc_knowledgebase.documents.packages import Package
from svc_knowledgebase.documents.texts import tidy

TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
DRAW = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"
_ENCRYPTION = b"manifest:encryption-data"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_PARAGRAPHS = frozenset({f"{TEXT}p", f"{TEXT}h"})
_DELETED = f"{TEXT}tracked-changes"


def parse_open_document(data: bytes, limits: DocumentLimits) -> ParsedDocument:
    """An odt or odp; the page of a block is its slide.

    Raises:
        DamagedDocumentError: it has no content, or XML that is not well formed.
        ProtectedDocumentError: it is encrypted.
        DocumentTooLargeError: it unpacks to too much.
    """
    package = Package(data, limits)
    manifest = "META-INF/manifest.xml"
    if manifest in package.names and _ENCRYPTION in package.read(manifest):
        raise ProtectedDocumentError("It is encrypted. Save it without a password.")
    content = package.xml("content.xml")
    if content is None:
        raise DamagedDocumentError("It has no content.xml. Export it again.")
    document = ParsedDocument(parser="datafleet-opendocument", parser_version="1")
    document.blocks = _Reader().read(content)
    meta = package.xml("meta.xml")
    title = meta.findtext(f".//{_TITLE}") if meta is not None else None
    first = next((block.text for block in document.blocks if block.kind == "heading"), None)
    document.title = (title or "").strip() or first
    pages = {block.page for block in document.blocks if block.page}
    document.pages = max(pages) if pages else None
    return document


class _Reader:
    """Walks the content in document order without recursion."""

    def __init__(self) -> None:
        self._outline = Outline()
        self._blocks: list[Block] = []
        self._paragraphs: list[list[str]] = []
        self._tables: list[list[list[list[str]]]] = []
        self._lists = 0
        self._page: int | None = None

    def read(self, root: ET.Element) -> list[Block]:
        """The blocks of the content."""
        stack: list[tuple[ET.Element, bool]] = [(root, False)]
        while stack:
            element, left = stack.pop()
            if left:
                self._leave(element)
                continue
            if element.tag == _DELETED:
                continue
            self._enter(element)
            stack.append((element, True))
            stack += [(child, False) for child in reversed(element)]
        return self._blocks

    def _enter(self, element: ET.Element) -> None:
        tag = element.tag
        if tag in _PARAGRAPHS:
            self._paragraphs.append([])
        elif tag == f"{TEXT}list-item":
            self._lists += 1
        elif tag == f"{DRAW}page":
            self._page = (self._page or 0) + 1
        elif tag == f"{TABLE}table":
            self._tables.append([])
        elif tag == f"{TABLE}table-row" and self._tables:
            self._tables[-1].append([])
        elif tag == f"{TABLE}table-cell" and self._tables and self._tables[-1]:
            self._tables[-1][-1].append([])
        if self._paragraphs:
            self._paragraphs[-1].append(_sign(element) + (element.text or ""))

    def _leave(self, element: ET.Element) -> None:
        if element.tag in _PARAGRAPHS:
            text = tidy("".join(self._paragraphs.pop())).strip()
            if text:
                self._put(text, element)
        elif element.tag == f"{TEXT}list-item":
            self._lists -= 1
        elif element.tag == f"{TABLE}table":
            rows = [" | ".join(" ".join(cell) for cell in row) for row in self._tables.pop()]
            text = "\n".join(row for row in rows if row.strip(" |"))
            if text:
                self._put(text, element)
        if self._paragraphs and element.tail:
            self._paragraphs[-1].append(element.tail)

    def _put(self, text: str, element: ET.Element) -> None:
        if self._tables and self._tables[-1] and self._tables[-1][-1]:
            self._tables[-1][-1][-1].append(text)
            return
        kind, section = "list_item" if self._lists else "paragraph", self._outline.path
        if element.tag == f"{TEXT}h":
            level = int(element.get(f"{TEXT}outline-level") or 1)
            kind, section = "heading", self._outline.enter(level, text)
        elif element.tag == f"{TABLE}table":
            kind = "table"
        self._blocks.append(Block(text=text, kind=kind, section=section, page=self._page))


def _sign(element: ET.Element) -> str:
    if element.tag == f"{TEXT}s":
        return " " * min(int(element.get(f"{TEXT}c") or 1), 1000)
    return {f"{TEXT}tab": "\t", f"{TEXT}line-break": "\n"}.get(element.tag, "")
