"""Whichever parser is best for a document: the router and its one door."""

from collections.abc import Callable
from functools import partial
from importlib.metadata import version

from svc_knowledgebase.documents.blocks import DocumentLimits, ParsedDocument, TableOptions
from svc_knowledgebase.documents.delimited import parse_delimited
from svc_knowledgebase.documents.errors import (
    DocumentTooLargeError,
    EmptyDocumentError,
    UnknownFormatError,
)
from svc_knowledgebase.documents.formats import format_of
from svc_knowledgebase.documents.html import parse_html
from svc_knowledgebase.documents.json_text import parse_json
from svc_knowledgebase.documents.mail import DEPTH, parse_mail
from svc_knowledgebase.documents.open_document import parse_open_document
from svc_knowledgebase.documents.pdf import parse_pdf
from svc_knowledgebase.documents.plain_text import parse_rtf, parse_text
from svc_knowledgebase.documents.rdf import parse_rdf
from svc_knowledgebase.documents.slides import parse_pptx
from svc_knowledgebase.documents.spreadsheet import parse_spreadsheet
from svc_knowledgebase.documents.word import parse_docx

Parser = Callable[[bytes, DocumentLimits], ParsedDocument]

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
    if kind == "eml" and depth >= DEPTH:
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
    return " ".join([f"datafleet/{GENERATION}", *(f"{name}/{version(name)}" for name in ENGINES)])


def _parser(kind: str, *, limits: DocumentLimits, tables: TableOptions, depth: int) -> Parser:
    def attachment(name: str, data: bytes) -> ParsedDocument:
        return parse_document(name, data, limits=limits, tables=tables, depth=depth + 1)[1]

    parsers: dict[str, Parser] = {
        "pdf": parse_pdf,
        "html": parse_html,
        "docx": parse_docx,
        "pptx": parse_pptx,
        "odt": parse_open_document,
        "odp": parse_open_document,
        "rtf": parse_rtf,
        "md": partial(parse_text, markdown=True),
        "txt": partial(parse_text, markdown=False),
        "csv": partial(parse_delimited, delimiter=None, options=tables),
        "tsv": partial(parse_delimited, delimiter="\t", options=tables),
        "json": partial(parse_json, lines=False, options=tables),
        "jsonl": partial(parse_json, lines=True, options=tables),
        "eml": partial(parse_mail, attachment=attachment),
        "ttl": partial(parse_rdf, form="ttl"),
        "nt": partial(parse_rdf, form="nt"),
        "rdf": partial(parse_rdf, form="rdf"),
    }
    if kind in ("xlsx", "xls", "ods"):
        return partial(parse_spreadsheet, options=tables)
    return parsers[kind]
