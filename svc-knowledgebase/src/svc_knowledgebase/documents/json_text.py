"""JSON and JSON lines: each object a row of `path: value`."""

from collections.abc import Iterator

import orjson

from svc_knowledgebase.documents.blocks import Block, DocumentLimits, ParsedDocument, TableOptions
from svc_knowledgebase.documents.errors import DamagedDocumentError
from svc_knowledgebase.documents.tables import show_cell
from svc_knowledgebase.documents.texts import decode

_TITLES = ("title", "name", "label")


def parse_json(
    data: bytes, _limits: DocumentLimits, *, lines: bool, options: TableOptions
) -> ParsedDocument:
    """One value, or a value a line; the items of a list at the top are rows.

    Raises:
        DamagedDocumentError: a value is no JSON; it says which line.
    """
    text, notes = decode(data)
    document = ParsedDocument(parser="orjson", parser_version=orjson.__version__, notes=notes)
    values = _lines(text) if lines else _items(_load(text, 1), document)
    for value in values:
        document.blocks += _blocks(value, options)
    return document


def _lines(text: str) -> Iterator[object]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield _load(line, number)


def _load(text: str, line: int) -> object:
    try:
        return orjson.loads(text)
    except (orjson.JSONDecodeError, RecursionError) as error:
        raise DamagedDocumentError(f"Line {line} is no JSON: {error}.", line=line) from error


def _items(value: object, document: ParsedDocument) -> list[object]:
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        found = (value.get(name) for name in _TITLES)
        document.title = next((each for each in found if isinstance(each, str) and each), None)
    return [value]


def _blocks(value: object, options: TableOptions) -> list[Block]:
    pairs = list(_flatten(value))
    if options.columns:
        return [
            Block(text=text, kind="cell", section=(path,), alone=True)
            for path, text in pairs
            if path in options.columns
        ]
    text = "; ".join(f"{path}: {text}" if path else text for path, text in pairs)
    return [Block(text=text, kind="row", alone=options.rows == "each")] if text else []


def _flatten(value: object) -> Iterator[tuple[str, str]]:
    """Leaves with their paths, in order, without recursion."""
    stack: list[tuple[str, object]] = [("", value)]
    while stack:
        path, present = stack.pop()
        if isinstance(present, dict):
            below = [(f"{path}.{key}" if path else str(key), each) for key, each in present.items()]
            stack += reversed(below)
        elif isinstance(present, list):
            stack += [(path, each) for each in reversed(present)]
        else:
            text = show_cell(present)
            if text:
                yield path, text
