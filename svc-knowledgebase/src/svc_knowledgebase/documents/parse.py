"""Whichever parser is best for a document: the router and its one door."""

from collections.abc import Callable
from functools import partial
from importlib import import_module

from svc_knowledgebase.documents.blocks import DocumentLimits, ParsedDocument, TableOptions
from svc_knowledgebase.documents.errors import (
    DocumentTooLargeError,
    EmptyDocumentError,
    UnknownFormatError,
)
from svc_knowledgebase.documents.formats import format_of
from svc_knowledgebase.documents.releases import release

Parser = Callable[[bytes, DocumentLimits], ParsedDocument]

_PARSERS = {
    "pdf": "pdf.parse_pdf",
    "html": "html.parse_html",
    "docx": "word.parse_docx",
    "pptx": "slides.parse_pptx",
    "odt": "open_document.parse_open_document",
    "odp": "open_document.parse_open_document",
    "rtf": "plain_text.parse_rtf",
    "md": "plain_text.parse_text",
    "txt": "plain_text.parse_text",
    "csv": "delimited.parse_delimited",
    "tsv": "delimited.parse_delimited",
    "json": "json_text.parse_json",
    "jsonl": "json_text.parse_json",
    "eml": "mail.parse_mail",
    "ttl": "rdf.parse_rdf",
    "nt": "rdf.parse_rdf",
    "rdf": "rdf.parse_rdf",
    "xlsx": "spreadsheet.parse_spreadsheet",
    "xls": "spreadsheet.parse_spreadsheet",
    "ods": "spreadsheet.parse_spreadsheet",
}
"""A child loads what it meets: loading all of them costs more than a small document."""

MAIL_DEPTH = 3
"""Mails in mails are followed so deep."""

ENGINES = ("pypdfium2", "python-calamine", "selectolax", "striprtf", "pyoxigraph", "orjson")
"""What parses; another release of one of them parses everything anew."""

GENERATION = 1
"""Raise it when a parser of ours gives something else for the same bytes."""


def parse_document(
    name: str,
    data: bytes,
    *,
    limits: DocumentLimits,
    tables: TableOptions,
    depth: int = 0,
) -> tuple[str, ParsedDocument]:
    """The format of a document and what it says.

    Args:
        name: file name; only its ending is looked at.
        data: the whole document.
        limits: what it may cost.
        tables: how rows become records.
        depth: of the mail that it is attached to.

    Raises:
        DocumentError: it cannot be read, or (`DocumentSkippedError`) there is nothing to read.
    """
    if not data.strip(b"\0 \t\r\n"):
        raise EmptyDocumentError("There is nothing in it.")
    if len(data) > limits.file_bytes:
        raise DocumentTooLargeError(
            f"It has {len(data):,} bytes; a document may have {limits.file_bytes:,}."
        )
    kind = format_of(name, data)
    if kind == "eml" and depth >= MAIL_DEPTH:
        raise UnknownFormatError("It is a message in a message in a message, which goes too deep.")
    document = _parser(kind, limits=limits, tables=tables, depth=depth)(data, limits)
    characters = sum(len(block.text) for block in document.blocks)
    if characters > limits.characters:
        raise DocumentTooLargeError(
            f"It has {characters:,} characters of text; a document may have {limits.characters:,}."
        )
    if not document.blocks:
        raise EmptyDocumentError("There is no text in it.")
    return kind, document


def engines() -> str:
    """Names and versions of what parses, so that a change of one is noticed."""
    return " ".join([f"datafleet/{GENERATION}", *(f"{name}/{release(name)}" for name in ENGINES)])


def _parser(kind: str, *, limits: DocumentLimits, tables: TableOptions, depth: int) -> Parser:
    def attachment(name: str, data: bytes) -> ParsedDocument:
        return parse_document(name, data, limits=limits, tables=tables, depth=depth + 1)[1]

    more: dict[str, dict[str, object]] = {
        "md": {"markdown": True},
        "txt": {"markdown": False},
        "csv": {"delimiter": None, "options": tables},
        "tsv": {"delimiter": "\t", "options": tables},
        "json": {"lines": False, "options": tables},
        "jsonl": {"lines": True, "options": tables},
        "eml": {"attachment": attachment},
        **{form: {"form": form} for form in ("ttl", "nt", "rdf")},
        **{book: {"options": tables} for book in ("xlsx", "xls", "ods")},
    }
    module, _, function = _PARSERS[kind].partition(".")
    parser: Parser = getattr(import_module(f"svc_knowledgebase.documents.{module}"), function)
    return partial(parser, **more.get(kind, {}))
