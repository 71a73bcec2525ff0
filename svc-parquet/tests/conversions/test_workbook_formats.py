"""What .ods, .xlsb and .xls say is kept: digits, doubles, errors, spaces in texts."""

import datetime as dt
import io
import struct
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import xlwt
from conversion_reference import Convert, ConvertFile, parquet_table
from hypothesis import given
from hypothesis import strategies as st
from workbook_makers import Cell12, ods, ods_cell, ods_row, ods_text, xlsb

from svc_parquet.conversions.errors import DamagedFileError, ProtectedFileError, SourceTooLargeError
from svc_parquet.conversions.readers.cells import beyond_double
from svc_parquet.conversions.readers.ods_sheets import read_sheets

PAST_SAMPLE = 20_001


@pytest.mark.parametrize(
    ("usual", "surprise"),
    [
        ("5", "9007199254740993"),
        ("5", "123456789012345678901"),
        ("0.5", "0.12345678901234567890123"),
    ],
)
def test_digits_of_an_ods_past_the_sample_are_kept(run: Convert, usual: str, surprise: str) -> None:
    rows = [
        ods_row(ods_text("id"), ods_text("v")),
        ods_row(ods_text("a"), ods_cell("float", usual), times=PAST_SAMPLE),
        ods_row(ods_text("b"), ods_cell("float", surprise)),
    ]
    _, sink = run(ods({"S": "".join(rows)}), name="x.ods")
    values = parquet_table(sink).column("v").to_pylist()
    assert Decimal(str(values[-1])) == Decimal(surprise)
    assert {Decimal(str(value)) for value in values[:-1]} == {Decimal(usual)}
    assert len(values) == PAST_SAMPLE + 1


def test_every_kind_of_cell_of_an_ods(run_file: ConvertFile) -> None:
    cells = {
        "money": [ods_cell("currency", "9007199254740993", text="9E15"), ods_cell("currency", "1")],
        "share": [ods_cell("percentage", "0.5", text="50 %"), ods_cell("percentage", "1")],
        "at": [ods_cell("date", "2024-01-05T10:11:12.5"), ods_cell("date", "2024-01-06")],
        "took": [ods_cell("time", "PT30H00M01S"), ods_cell("time", "PT1H00M01.25S")],
        "ok": [ods_cell("boolean", "true"), ods_cell("boolean", "false")],
        "error": [
            ods_cell("string", text="#DIV/0!", more='calcext:value-type="error"'),
            ods_cell("float", "0", text="Err:502", more='table:formula="of:=X"'),
        ],
        "text": [
            ods_text('a <text:s text:c="2"/>b<text:tab/>c<text:line-break/><text:span>d</text:span>'
                     "</text:p><text:p>e"),
            ods_text("</text:p><office:annotation><text:p>no</text:p></office:annotation><text:p>yes"),
        ],
        "formula": [ods_cell("float", "7", more='table:formula="of:=7"'),
                    ods_cell(more='table:formula="of:=8"')],
    }  # fmt: skip
    rows = [ods_row(*map(ods_text, cells))]
    rows += [ods_row(*row) for row in zip(*cells.values(), strict=True)]
    rows += [ods_row(ods_cell(more='table:number-columns-repeated="16384"'), times=1_048_000)]
    hidden = (
        '<style:style style:name="T"><style:table-properties table:display="false"/></style:style>'
    )
    book = ods({"S": "".join(rows), "T": ods_row(ods_text("x"))}, styles=hidden)
    report, sink = run_file(book, name="x.ods")
    found = [(table.report.source.name, table.report.source.hidden) for table in report.tables]
    assert found == [("S", False), ("T", True)]
    assert parquet_table(sink / "00000").to_pydict() == {
        "money": [9007199254740993, 1],
        "share": [0.5, 1.0],
        "at": [dt.datetime(2024, 1, 5, 10, 11, 12, 500_000), dt.datetime(2024, 1, 6)],  # noqa: DTZ001
        "took": ["30:00:01", "01:00:01.250000"],
        "ok": [True, False],
        "error": ["#DIV/0!", "Err:502"],
        "text": ["a   b\tc\nd\ne", "\nyes"],
        "formula": [7, None],
    }
    assert any("1 formulas" in note for note in report.tables[0].report.decisions.notes)


def test_an_ods_has_its_place_its_header_and_its_limits(run: Convert) -> None:
    spanned = ods_cell("string", text="sales", more='table:number-columns-spanned="2"')
    covered = "<table:covered-table-cell/>"
    blank = ods_cell(more='table:number-columns-repeated="2"')
    rows = ods_row(blank, times=3) + "".join(
        ods_row(blank, *cells)
        for cells in [
            (ods_text("place"), spanned, covered),
            (ods_cell(), ods_text("Q1"), ods_text("Q2")),
            (ods_text("north"), ods_cell("float", "1"), ods_cell("float", "2")),
        ]
    )
    report, sink = run(ods({"S": rows}), name="x.ods")
    assert parquet_table(sink).to_pydict() == {
        "place": ["north"],
        "sales / Q1": [1],
        "sales / Q2": [2],
    }
    assert "the table begins in row 4, column 3 of the sheet" in report.decisions.notes
    many = ods_row(ods_text("x"), times=3_000_000)
    with pytest.raises(SourceTooLargeError):
        run(ods({"S": many}), name="x.ods")
    with pytest.raises(ProtectedFileError):
        run(ods({"S": rows}, manifest="<m><encryption-data/></m>"), name="x.ods")
    with pytest.raises(DamagedFileError):
        run(ods({"S": "<table:table-row>"}), name="x.ods")


def _rk(value: int) -> tuple[str, int]:
    """An integer of 30 bits as .xlsb and .xls store it, divided by 100."""
    return "rk", (value << 2 & 0xFFFFFFFF) | 3


_DOUBLES = [9007199254740994.0, -(2.0**60), 1e300, 5e-324, 0.1 + 0.2, 123456.78, 1.0, -0.5]


def test_the_doubles_of_an_xlsb_and_an_xls_are_kept_bit_by_bit(run: Convert) -> None:
    usual = [1.0] * PAST_SAMPLE
    rows: list[Sequence[Cell12]] = [["k", "v"], *[["x", value] for value in usual + _DOUBLES]]
    rows += [["x", _rk(12_345_678)], ["x", _rk(-5)]]
    _, sink = run(xlsb(rows), name="x.xlsb")
    assert _bits(parquet_table(sink).column("v").to_pylist()) == _bits(
        [*usual, *_DOUBLES, 123456.78, -0.05]
    )
    rows = [["k", "v"], *[["x", value] for value in _DOUBLES]]
    _, sink = run(_xls(rows), name="x.xls", sheets=["S"])
    assert _bits(parquet_table(sink).column("v").to_pylist()) == _bits(_DOUBLES)


def _bits(values: list[float]) -> list[bytes]:
    return [struct.pack("<d", value) for value in values]


def _xls(rows: Sequence[Sequence[Any]]) -> bytes:
    book = xlwt.Workbook()
    book.add_sheet("Other").write(0, 0, "x")
    sheet = book.add_sheet("S")
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            if isinstance(cell, bytes):
                sheet.row(number).set_cell_error(column, cell.decode())
            else:
                sheet.write(number, column, cell)
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


@pytest.fixture(params=["xlsb", "xls"])
def with_errors(request: pytest.FixtureRequest) -> tuple[bytes, str]:
    """A workbook whose sheet S has two errors and a formula without a result."""
    if request.param == "xls":
        rows: list[list[Any]] = [["k", "v", "f"], [1, b"#DIV/0!", xlwt.Formula("1+1")]]
        return _xls([*rows, [2, b"#NUM!", 7], [3, 0.5, 8]]), "x.xls"
    cells: list[list[Cell12]] = [["k", "v", "f"], [1.0, ("error", 7), ("formula text", "")]]
    return xlsb([*cells, [2.0, ("formula error", 0x24), 7.0], [3.0, 0.5, 8.0]]), "x.xlsb"


def test_errors_and_formulas_of_xlsb_and_xls(
    run_file: ConvertFile, with_errors: tuple[bytes, str]
) -> None:
    data, name = with_errors
    report, sink = run_file(data, name=name, sheets=["S"])
    assert parquet_table(sink / "00000").to_pydict() == {
        "k": [1, 2, 3],
        "v": ["#DIV/0!", "#NUM!", "0.5"],
        "f": [None, 7, 8],
    }
    assert any("1 formulas" in note for note in report.tables[0].report.decisions.notes)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=None))
def test_no_number_that_a_double_changes_goes_unnoticed(number: Decimal) -> None:
    text = format(number, "f")
    kept = {Decimal(repr(float(text))), *(Decimal(f"{float(text):.{n}g}") for n in (15, 16, 17))}
    assert beyond_double(text) or number in kept


@given(
    st.lists(
        st.lists(
            st.one_of(st.none(), st.text("ab \t\n", min_size=1), st.integers()),
            min_size=1,
            max_size=3,
        ),
        max_size=4,
    )
)
def test_any_cells_of_an_ods_come_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str | int | None]]
) -> None:
    path = Path(tmp_path_factory.getbasetemp()) / "any.ods"
    path.write_bytes(ods({"S": "".join(ods_row(*map(_written, row)) for row in rows)}))
    sheet = read_sheets(str(path))[0]
    top, left = sheet.start or (0, 0)
    cells = {
        (top + y, left + x): cell
        for y, row in enumerate(sheet.iter_rows())
        for x, cell in enumerate(row)
        if cell is not None
    }
    expected = {
        (y, x): cell for y, row in enumerate(rows) for x, cell in enumerate(row) if cell is not None
    }
    assert cells.keys() == expected.keys()
    assert all(type(expected[at])(cells[at]) == expected[at] for at in cells)


def _written(cell: str | int | None) -> str:
    if cell is None:
        return ods_cell()
    if isinstance(cell, int):
        return ods_cell("float", str(cell))
    pieces = {" ": "<text:s/>", "\t": "<text:tab/>", "\n": "<text:line-break/>"}
    return ods_text("".join(pieces.get(letter, letter) for letter in cell))
