"""CSV and TSV: rows by the standard library's reader, comment lines as title and description."""

import csv
import io
import sys

from svc_knowledgebase.documents.blocks import DocumentLimits, ParsedDocument, TableOptions
from svc_knowledgebase.documents.errors import DamagedDocumentError
from svc_knowledgebase.documents.tables import row_blocks
from svc_knowledgebase.documents.texts import decode

_DELIMITERS = ",;\t|"


def parse_delimited(
    data: bytes, _limits: DocumentLimits, *, delimiter: str | None, options: TableOptions
) -> ParsedDocument:
    """A table in text. `delimiter` is told from the first lines when it is None.

    Raises:
        DamagedDocumentError: a quoted field does not end.
    """
    text, notes = decode(data)
    comments, body = _comments(text)
    document = ParsedDocument(parser="python-csv", parser_version=sys.version.split()[0])
    document.notes = notes
    document.title = comments[0] if comments else None
    document.description = "\n".join(comments[1:]) or None
    csv.field_size_limit(2**31 - 1)
    lines = io.StringIO(body, newline="")
    reader = csv.reader(lines, delimiter=delimiter or _delimiter(body))
    try:
        document.blocks = list(row_blocks(reader, options))
    except csv.Error as error:
        raise DamagedDocumentError(f"Row {reader.line_num} cannot be read: {error}.") from error
    return document


def _comments(text: str) -> tuple[list[str], str]:
    """The lines above the table that begin with `#`, and the rest."""
    comments: list[str] = []
    while text.startswith("#"):
        line, _, text = text.partition("\n")
        if line.strip("# \r"):
            comments.append(line.strip("# \r"))
    return comments, text


def _delimiter(body: str) -> str:
    """The sign that stands equally often in the first lines; a comma when none does."""
    lines = [line for line in body[:65536].split("\n")[:50] if line.strip()]
    if len(lines) > 2:
        lines = lines[:-1]
    best, most = ",", 0
    for sign in _DELIMITERS:
        counts = [line.count(sign) for line in lines]
        common = max(set(counts), key=counts.count) if counts else 0
        score = counts.count(common) * min(common, 1)
        if score > most:
            best, most = sign, score
    return best
