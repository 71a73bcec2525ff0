"""Tables of HTML pages, in the reader's process."""

import codecs
import re
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser, LexborNode

from svc_parquet.conversions.readers.grid_child import Grid, Grids, Texts, squared
from svc_parquet.conversions.readers.refusing import RefusedError

_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]+)", re.IGNORECASE)
_SPACES = re.compile(r"[ \t\r\n\f]+")
_MOST_COLUMNS = 10_000
_MOST_SPAN = 1000
_DECLARED_IN = 4096


def _load(path: str, encoding: str | None) -> list[Grid]:
    page = LexborHTMLParser(_decoded(Path(path).read_bytes(), encoding))
    grids = []
    for table in page.css("table"):
        grid = _grid(table)
        if grid.rows:
            grids.append(grid)
    if not grids:
        raise RefusedError("no_tables", "it has no table")
    return grids


def _decoded(data: bytes, encoding: str | None) -> str:
    """The page as text: by the given encoding, its mark, what it declares, or strict UTF-8."""
    told = encoding
    for mark, name in ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"),
                       (codecs.BOM_UTF16_BE, "utf-16")):  # fmt: skip
        if told is None and data.startswith(mark):
            told = name
    declared = _CHARSET.search(data[:_DECLARED_IN])
    if told is None and declared is not None:
        told = declared[1].decode("ascii")
    try:
        return data.decode(told or "utf-8")
    except (UnicodeDecodeError, LookupError) as error:
        raise RefusedError(
            "encoding_undecided",
            f"it is not {told or 'utf-8'} ({error}); convert again with its encoding",
        ) from error


def _grid(table: LexborNode) -> Grid:
    rows: list[Texts] = []
    held: dict[tuple[int, int], str | None] = {}
    header_rows, in_header = 0, True
    for number, row in enumerate(_own(table, "tr")):
        cells = [node for node in row.iter() if node.tag in {"td", "th"}]
        marked = bool(cells) and all(cell.tag == "th" for cell in cells)
        in_header = in_header and (marked or (row.parent is not None and row.parent.tag == "thead"))
        header_rows += in_header
        rows.append(_row(cells, number, held))
    caption = _own(table, "caption")
    name = _text(caption[0]) if caption else table.attributes.get("id")
    return Grid((name or "").strip()[:100], squared(rows), header_rows=header_rows or None)


def _row(cells: list[LexborNode], number: int, held: dict[tuple[int, int], str | None]) -> Texts:
    """The texts of a row; a cell that spans rows or columns is in each of them."""
    row: Texts = []
    for cell in cells:
        while (number, len(row)) in held:
            row.append(held.pop((number, len(row))))
        text = _text(cell)
        for _ in range(_span(cell, "colspan")):
            for below in range(1, _span(cell, "rowspan")):
                held[number + below, len(row)] = text
            row.append(text)
        if len(row) > _MOST_COLUMNS:
            raise RefusedError("too_large", f"a row has more than {_MOST_COLUMNS:,} columns")
    while (number, len(row)) in held:
        row.append(held.pop((number, len(row))))
    return row


def _own(table: LexborNode, tag: str) -> list[LexborNode]:
    """Elements of this table that are not of one inside it."""
    return [node for node in table.css(tag) if _table_of(node) == table]


def _table_of(node: LexborNode) -> LexborNode | None:
    parent = node.parent
    while parent is not None and parent.tag != "table":
        parent = parent.parent
    return parent


def _span(cell: LexborNode, name: str) -> int:
    given = cell.attributes.get(name) or ""
    return min(max(int(given), 1), _MOST_SPAN) if given.strip().isdigit() else 1


def _text(node: LexborNode) -> str | None:
    """What a browser shows: white space is one space, a line break is one."""
    parts: list[str] = []
    for piece in node.traverse(include_text=True):
        if piece.tag == "br":
            parts.append("\n")
        elif piece.tag == "-text":
            parts.append(_SPACES.sub(" ", piece.text_content or ""))
    lines = "".join(parts).split("\n")
    return "\n".join(line.strip(" ") for line in lines) or None


HANDLERS = Grids(_load).handlers()
