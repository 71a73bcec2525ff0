"""PDF by PDFium: text page by page, sections from the document's own outline."""

import re
from typing import Any

from svc_knowledgebase.documents.blocks import Block, DocumentLimits, Outline, ParsedDocument
from svc_knowledgebase.documents.errors import (
    DamagedDocumentError,
    DocumentTooLargeError,
    ProtectedDocumentError,
    ScannedDocumentError,
    UnreadableFontsError,
)
from svc_knowledgebase.documents.releases import release
from svc_knowledgebase.documents.texts import tidy

_SOFT_HYPHENS = ("\ufffe", "\u0002")
# Replacement characters, and the private ones that fonts without a Unicode map are given.
_LOST = re.compile("[\ufffd\ue000-\uf8ff]")
_ERR_PASSWORD = 4


def parse_pdf(data: bytes, limits: DocumentLimits) -> ParsedDocument:
    """The text layer; a page without one is named in the notes.

    Raises:
        ProtectedDocumentError: it needs a password.
        DamagedDocumentError: it cannot be opened.
        DocumentTooLargeError: it has too many pages.
        ScannedDocumentError: no page has text.
        UnreadableFontsError: most characters cannot be told.
    """
    pdf = _open(data)
    try:
        if len(pdf) > limits.pages:
            raise DocumentTooLargeError(
                f"It has {len(pdf):,} pages; {limits.pages:,} are read. Split it."
            )
        document = ParsedDocument(
            parser="pypdfium2", parser_version=release("pypdfium2"), pages=len(pdf)
        )
        document.title = pdf.get_metadata_value("Title").strip() or None
        sections = _sections(pdf)
        silent = []
        for place in range(len(pdf)):
            text = _page_text(pdf, place)
            if not text:
                silent.append(place + 1)
                continue
            section = sections[place]
            for paragraph in _paragraphs(text):
                document.blocks.append(Block(text=paragraph, section=section, page=place + 1))
    finally:
        pdf.close()
    _judge(document, silent)
    return document


def _open(data: bytes) -> Any:
    import pypdfium2  # noqa: PLC0415 - each child loads what it meets

    try:
        return pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == _ERR_PASSWORD or "password" in str(error).lower():
            raise ProtectedDocumentError("It needs a password. Save it without one.") from error
        raise DamagedDocumentError(f"PDFium cannot open it: {error}. Export it again.") from error


def _page_text(pdf: Any, place: int) -> str:
    import pypdfium2  # noqa: PLC0415 - as above

    try:
        page = pdf[place]
        layer = page.get_textpage()
        text: str = layer.get_text_range()
        layer.close()
        page.close()
    except pypdfium2.PdfiumError:
        return ""
    for sign in _SOFT_HYPHENS:
        # A word that a line end cuts in two: PDFium marks the place, we put it together again.
        text = text.replace(f"{sign}\r\n", "").replace(f"{sign}\n", "").replace(sign, "")
    return tidy(text).strip()


def _paragraphs(text: str) -> list[str]:
    found = ("\n".join(line.rstrip() for line in part.split("\n")) for part in text.split("\n\n"))
    return [paragraph.strip() for paragraph in found if paragraph.strip()]


def _sections(pdf: Any) -> list[tuple[str, ...]]:
    """For each page the path in the outline where it begins, or () without an outline."""
    import pypdfium2  # noqa: PLC0415 - as above

    starts: dict[int, tuple[str, ...]] = {}
    outline = Outline()
    try:
        for mark in pdf.get_toc():
            title, target = mark.get_title(), mark.get_dest()
            path = outline.enter(mark.level + 1, title) if title.strip() else outline.path
            page = target.get_index() if target is not None else None
            if page is not None:
                starts.setdefault(page, path)
    except (pypdfium2.PdfiumError, ValueError):
        starts.clear()
    sections, present = [], tuple[str, ...]()
    for place in range(len(pdf)):
        present = starts.get(place, present)
        sections.append(present)
    return sections


def _judge(document: ParsedDocument, silent: list[int]) -> None:
    if not document.blocks:
        raise ScannedDocumentError(
            f"None of its {document.pages} pages has text; they are pictures or empty. "
            "Run it through text recognition (OCR) first."
        )
    text = "".join(block.text for block in document.blocks)
    lost = len(_LOST.findall(text))
    if lost * 2 > len(text):
        raise UnreadableFontsError(
            "Its fonts do not say which characters they draw. Export it again with embedded "
            "Unicode maps, or run it through text recognition (OCR)."
        )
    if lost * 20 > len(text):
        document.notes.append(f"{lost:,} characters are of fonts without a Unicode map.")
    if silent:
        shown = ", ".join(map(str, silent[:20])) + (" and more" if len(silent) > 20 else "")
        document.notes.append(
            f"{len(silent)} of {document.pages} pages have no text (pictures or empty) and were "
            f"skipped: {shown}."
        )
