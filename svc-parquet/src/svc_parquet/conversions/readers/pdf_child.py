"""Tables and text of PDF documents, in the reader's process.

Ruled tables are found by their lines. Where a page has none, columns of words that line up over
three lines at least are taken for a borderless table. The text of all pages is a table of its own.
"""

from typing import Any

import pdfplumber
import pypdfium2 as pdfium

from svc_parquet.conversions.readers.grid_child import Grid, Grids, Texts, squared
from svc_parquet.conversions.readers.refusing import RefusedError

MOST_PAGES = 2000
TEXT = "text"
_LEAST_ROWS = 3
_GAP = 0.6
"""A gap of so much of the letters' height parts two columns; between words it is half of that."""
_SAME_LINE = 2.0

Word = dict[str, Any]


def _load(path: str, encoding: str | None) -> list[Grid]:  # noqa: ARG001 - a loader's face
    texts = _texts(path)
    grids: list[Grid] = []
    with pdfplumber.open(path) as document:
        for number, page in enumerate(document.pages, 1):
            found = [squared(_cells(table)) for table in page.extract_tables()]
            how = "ruled"
            if not found:
                found, how = _borderless(page.extract_words()), "borderless"
            for rows in found:
                _append(grids, rows, page=number, how=how)
            page.close()
    pages: list[Texts] = [["page", "text"]]
    pages += [[str(number), text or None] for number, text in enumerate(texts, 1)]
    note = "" if grids else "no tables found"
    grids.append(Grid(TEXT, pages, header_rows=1, notes=[note] if note else []))
    return grids


def _texts(path: str) -> list[str]:
    try:
        document = pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        code = "protected_file" if "password" in str(error).lower() else "damaged_file"
        raise RefusedError(code, str(error)) from error
    if len(document) > MOST_PAGES:
        raise RefusedError(
            "too_large", f"it has {len(document):,} pages, and {MOST_PAGES:,} are read; split it"
        )
    return [
        page.get_textpage().get_text_bounded().replace("\r\n", "\n").strip() for page in document
    ]


def _cells(table: list[list[str | None]]) -> list[Texts]:
    return [[cell.strip() or None if cell is not None else None for cell in row] for row in table]


def _append(grids: list[Grid], rows: list[Texts], *, page: int, how: str) -> None:
    """A table that goes on at the top of the next page, under the same header, is one table."""
    last = grids[-1] if grids else None
    if last is not None and last.rows[0] == rows[0] and last.name.startswith(how):
        last.rows.extend(rows[1:])
        last.notes = [f"goes on to page {page}"]
        return
    grids.append(Grid(f"{how} table on page {page}", rows))


def _borderless(words: list[Word]) -> list[list[Texts]]:
    """Runs of lines through which the same gaps go from the first to the last."""
    tables: list[list[Texts]] = []
    run: list[list[Word]] = []
    for line in [*_lines(words), []]:
        if len(_merged(line)) > 1:
            run.append(line)
            continue
        columns = _merged([word for each in run for word in each])
        if len(run) >= _LEAST_ROWS and len(columns) > 1:
            tables.append([_cells_of(each, columns) for each in run])
        run = []
    return tables


def _lines(words: list[Word]) -> list[list[Word]]:
    lines: list[list[Word]] = []
    for word in sorted(words, key=lambda word: (word["top"], word["x0"])):
        if lines and abs(lines[-1][0]["top"] - word["top"]) <= _SAME_LINE:
            lines[-1].append(word)
        else:
            lines.append([word])
    return lines


def _merged(words: list[Word]) -> list[tuple[float, float]]:
    """The stretches from left to right that words cover, joined over less than a column's gap."""
    stretches: list[tuple[float, float]] = []
    for word in sorted(words, key=lambda word: word["x0"]):
        gap = _GAP * (word["bottom"] - word["top"])
        if stretches and word["x0"] - stretches[-1][1] <= gap:
            stretches[-1] = (stretches[-1][0], max(stretches[-1][1], word["x1"]))
        else:
            stretches.append((word["x0"], word["x1"]))
    return stretches


def _cells_of(line: list[Word], columns: list[tuple[float, float]]) -> Texts:
    texts = [
        " ".join(
            word["text"]
            for word in sorted(line, key=lambda word: word["x0"])
            if left <= word["x0"] <= right
        )
        for left, right in columns
    ]
    return [text or None for text in texts]


HANDLERS = Grids(_load).handlers()
