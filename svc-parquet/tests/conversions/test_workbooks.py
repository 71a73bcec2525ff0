"""Workbooks: every sheet is a table or listed; every cell is what openpyxl and their makers say."""

import datetime as dt
import io
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from conversion_reference import Convert, ConvertFile, parquet_table, quarantined
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared_lib.contracts.conversions import ConversionReport
from svc_parquet.conversions.convert import convert_file
from svc_parquet.conversions.errors import (
    DamagedFileError,
    EmptyFileError,
    ProtectedFileError,
    SheetNotFoundError,
    SourceTooLargeError,
)
from svc_parquet.conversions.readers.reader_process import ReaderProcess

PAST_SAMPLE = 20_001


def _moment(*parts: int) -> dt.datetime:
    return dt.datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001 - cells have no zone


def _book(sheets: dict[str, list[list[Any]]]) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    return book


def _saved(book: openpyxl.Workbook) -> bytes:
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def _xlsx(rows: list[list[Any]]) -> bytes:
    return _saved(_book({"S": rows}))


def _types(report: ConversionReport) -> dict[str, str]:
    return {column.name: column.type for column in report.decisions.columns}


def test_every_kind_of_cell_has_its_type(run: Convert) -> None:
    rows = [
        ["id", "price", "zip", "ok", "day", "at", "note", "took"],
        [1, 1.5, "00501", True, dt.date(2024, 1, 5), _moment(2024, 1, 5, 10, 11, 12), None,
         dt.timedelta(hours=30, seconds=1)],
        [2, 0.1, "94110", False, dt.date(1900, 3, 1), _moment(2024, 1, 6), " x ", None],
    ]  # fmt: skip
    report, sink = run(_xlsx(rows), name="x.xlsx")
    assert _types(report) == {
        "id": "int64", "price": "float64", "zip": "string", "ok": "boolean", "day": "date",
        "at": "datetime", "note": "string", "took": "string",
    }  # fmt: skip
    stored = parquet_table(sink).to_pylist()
    assert [list(row.values())[:-1] for row in stored] == [row[:-1] for row in rows[1:]]
    assert stored[0]["took"] == "30:00:01"
    assert report.decisions.format == "xlsx"


@pytest.mark.parametrize(
    ("usual", "surprise", "shown"),
    [
        (17, "text", "text"),
        (17, 1.75, 1.75),
        (17, "007", "007"),
        (17, True, "TRUE"),
        (17, _moment(2024, 1, 5, 1, 2, 3), "2024-01-05 01:02:03"),
        ("00501", 94110, "94110"),
        (None, "late", "late"),
        (1.5, 2**60, float(2**60)),
        (True, "yes", "yes"),
        (dt.date(2024, 1, 5), _moment(2024, 1, 5, 10, 11, 12), _moment(2024, 1, 5, 10, 11, 12)),
        (dt.date(2024, 1, 5), "soon", "soon"),
    ],
)
def test_a_surprise_past_the_sample_is_kept(
    run: Convert, usual: Any, surprise: Any, shown: Any
) -> None:
    """The reader of which this is known drops such a cell to null."""
    sink = io.BytesIO()
    with xlsxwriter.Workbook(sink, {"in_memory": True}) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheet = book.add_worksheet("S")
        sheet.write_row(0, 0, ["id", "v"])
        for row in range(1, PAST_SAMPLE + 2):
            value = surprise if row == PAST_SAMPLE + 1 else usual
            sheet.write(row, 0, row)
            if isinstance(value, dt.date):
                sheet.write_datetime(row, 1, value, day)
            elif value is not None:
                sheet.write(row, 1, value)
    report, folder = run(sink.getvalue(), name="x.xlsx")
    values = parquet_table(folder).column("v").to_pylist()
    assert len(values) == PAST_SAMPLE + 1
    assert values[-1] == shown
    assert report.quarantine.rows == 0
    assert None not in values or usual is None


def test_every_sheet_is_a_table_and_hidden_ones_are_marked(run_file: ConvertFile) -> None:
    book = _book({"One": [["a"], [1]], "Two & three": [["b"], [2]], "Empty": []})
    book["Two & three"].sheet_state = "hidden"
    book.create_chartsheet("Chart")
    report, sink = run_file(_saved(book), name="x.xlsx")
    assert [(t.report.source.name, t.report.source.hidden) for t in report.tables] == [
        ("One", False),
        ("Two & three", True),
    ]
    assert parquet_table(sink / report.tables[1].folder).to_pydict() == {"b": [2]}
    assert [(r.source.name, r.code) for r in report.not_converted] == [
        ("Empty", "empty_file"),
        ("Chart", "empty_file"),
    ]


def test_sheets_can_be_chosen(run: Convert) -> None:
    data = _saved(_book({"One": [["a"], [1]], "Two": [["b"], [2]]}))
    _, sink = run(data, name="x.xlsx", sheets=["Two"])
    assert parquet_table(sink).to_pydict() == {"b": [2]}
    with pytest.raises(SheetNotFoundError, match="One, Two"):
        run(data, name="x.xlsx", sheets=["Three"])


def test_an_offset_table_under_titles_with_a_merged_header(run: Convert) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet["C2"] = "Report of May"
    sheet.merge_cells("C2:G2")
    sheet["C3"] = "made by hand"
    for place, value in {"C5": "region", "D5": "sales", "F5": "costs"}.items():
        sheet[place] = value
    sheet.merge_cells("C5:C6")
    sheet.merge_cells("D5:E5")
    sheet.merge_cells("F5:G5")
    for place, value in zip(("D6", "E6", "F6", "G6"), ("Q1", "Q2", "Q1", "Q2"), strict=True):
        sheet[place] = value
    for column, value in zip("CDEFG", ("north", 1, 2, 3.5, None), strict=True):
        sheet[f"{column}7"] = value
    sheet["C9"] = "south"
    report, sink = run(_saved(book), name="x.xlsx")
    assert parquet_table(sink).to_pydict() == {
        "region": ["north", "south"],
        "sales / Q1": [1, None],
        "sales / Q2": [2, None],
        "costs / Q1": [3.5, None],
        "costs / Q2": [None, None],
    }
    assert [(entry["line"], entry["text"]) for entry in quarantined(sink)] == [
        (2, '["Report of May", null, null, null, null]'),
        (3, '["made by hand", null, null, null, null]'),
    ]
    assert report.decisions.blank_lines == 1
    assert "row 5, column 3" in report.decisions.notes[0]


@pytest.mark.parametrize(
    ("rows", "options", "expected"),
    [
        ([[1, 2], [3, 4]], {}, {"column_1": [1, 3], "column_2": [2, 4]}),
        ([["a"], ["c"]], {"header": False}, {"column_1": ["a", "c"]}),
        ([["a", None, "a"], [1, 2, 3]], {}, {"a": [1], "column_2": [2], "a_2": [3]}),
        ([["a"], ["NA"], [2]], {"null_values": ["", "NA"]}, {"a": [2]}),
        ([["a", "b"], ["NA", 1], [2, 2]], {"null_values": ["NA"]}, {"a": [None, 2], "b": [1, 2]}),
        ([["z", "n"], ["501", 1]], {"schema": {"z": "int64"}}, {"z": [501], "n": [1]}),
        ([["z", "n"], ["501", 1]], {"schema": {"n": "string"}}, {"z": ["501"], "n": ["1"]}),
        ([["only"], ["x"], [None], ["y"]], {}, {"only": ["x", "y"]}),
    ],
)  # fmt: skip
def test_headers_and_options(
    run: Convert, rows: list[list[Any]], options: dict[str, Any], expected: dict[str, Any]
) -> None:
    _, sink = run(_xlsx(rows), name="x.xlsx", **options)
    assert parquet_table(sink).to_pydict() == expected


def _patched(data: bytes, old: str, new: str) -> bytes:
    """The workbook with a change in the XML of its first sheet."""
    sink = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(sink, "w") as target:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename == "xl/worksheets/sheet1.xml":
                assert old.encode() in content
                content = content.replace(old.encode(), new.encode())
            target.writestr(entry, content)
    return sink.getvalue()


def test_integers_beyond_doubles_errors_and_formulas(run: Convert) -> None:
    data = _xlsx([["id", "e", "f"], [111, "#DIV/0!", "=1+1"], [5, "x", 7]])
    report, sink = run(_patched(data, ">111<", ">9007199254740993<"), name="x.xlsx")
    assert parquet_table(sink).to_pydict() == {
        "id": [9007199254740993, 5],
        "e": ["#DIV/0!", "x"],
        "f": [None, 7],
    }
    assert any("1 formulas have no stored result" in note for note in report.decisions.notes)
    report, sink = run(_patched(data, ">111<", ">123456789012345678901<"), name="x.xlsx")
    assert str(parquet_table(sink).column("id")[0].as_py()) == "123456789012345678901"
    cached = io.BytesIO()
    with xlsxwriter.Workbook(cached) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["a", "b"])
        sheet.write_formula(1, 0, "=1+1", value=2)
        sheet.write_formula(1, 1, '="a"&"b"', value="ab")
    _, sink = run(cached.getvalue(), name="x.xlsx")
    assert parquet_table(sink).to_pydict() == {"a": [2], "b": ["ab"]}


_CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: x == 0 or abs(x) > 1e-300),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8).filter(
        lambda text: text.strip() == text and not text.startswith("=") and "_x" not in text
    ),
    st.datetimes(_moment(1900, 3, 1), _moment(2200, 1, 1)).map(lambda m: m.replace(microsecond=0)),
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(st.lists(_CELLS, min_size=3, max_size=3), min_size=1, max_size=8))
def test_any_table_of_cells_comes_back(reader: ReaderProcess, rows: list[list[Any]]) -> None:
    rows = [["x", *row] for row in rows]
    with tempfile.TemporaryDirectory() as folder:
        source, sink = Path(folder, "x.xlsx"), Path(folder, "sink")
        source.write_bytes(_xlsx([["k", "a", "b", "c"], *rows]))
        reference = openpyxl.load_workbook(source)["S"]
        report = convert_file(source, sink, reader=reader)
        stored = parquet_table(sink / "00000").to_pylist()
    cells = [list(row) for row in reference.iter_rows(min_row=2, values_only=True)]
    types = {column.name: column.type for column in report.tables[0].report.decisions.columns}
    assert len(stored) == len(cells)
    for row, kept in zip(cells, stored, strict=True):
        for name, written in zip(("k", "a", "b", "c"), row, strict=True):
            assert _same(written, kept[name], types[name]), (written, kept[name], types[name])


def _same(written: Any, kept: Any, type_name: str) -> bool:
    if isinstance(written, dt.datetime) and type_name == "date":
        return written.time() == dt.time() and bool(written.date() == kept)
    if type_name != "string" or written is None or isinstance(written, str):
        return bool(written == kept)
    if isinstance(written, bool):
        return bool(kept == str(written).upper())
    if isinstance(written, int | float):
        return float(kept) == float(written)
    return str(kept) in {str(written), str(written).removesuffix(" 00:00:00")}


@pytest.fixture(scope="module")
def reader() -> Any:
    with ReaderProcess() as running:
        yield running


def test_compressed_protected_and_damaged_ones(run: Convert) -> None:
    import gzip  # noqa: PLC0415 - beside its one use

    data = _xlsx([["a"], [1]])
    report, sink = run(gzip.compress(data), name="x.xlsx.gz")
    assert (report.decisions.compression, report.rows) == ("gzip", 1)
    assert parquet_table(sink).to_pydict() == {"a": [1]}
    with pytest.raises(DamagedFileError):
        run(data[: len(data) // 2], name="x.xlsx")
    with pytest.raises((DamagedFileError, ProtectedFileError)):
        run(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000, name="x.xls")
    with pytest.raises(EmptyFileError):
        run(_saved(_book({"S": []})), name="x.xlsx")


def test_a_sheet_that_claims_all_cells_costs_itself_only(
    run_file: ConvertFile, tmp_path: Path
) -> None:
    """Two far corners make a reader of ranges want room for 2^34 cells; the next file is read."""
    book = _book({"S": [["a"], [1]]})
    book["S"]["XFD1048576"] = 7
    source = tmp_path / "huge.xlsx"
    source.write_bytes(_saved(book))
    good = tmp_path / "good.xlsx"
    good.write_bytes(_xlsx([["a"], [1]]))
    with ReaderProcess(memory_bytes=1 << 30) as reader:
        with pytest.raises(SourceTooLargeError):
            convert_file(source, tmp_path / "one", reader=reader)
        assert convert_file(good, tmp_path / "two", reader=reader).tables[0].report.rows == 1
    claimed = _patched(_xlsx([["a"], [1]]), 'ref="A1:A2"', 'ref="A1:XFD1048576"')
    assert run_file(claimed, name="x.xlsx")[0].tables[0].report.rows == 1


def test_entities_in_a_workbook_are_refused(run: Convert) -> None:
    data = _patched(
        _xlsx([["a", "b"], [1, "#DIV/0!"]]),
        "<worksheet",
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><worksheet',
    )
    with pytest.raises(DamagedFileError):
        run(data, name="x.xlsx")


def test_a_date_beside_a_long_integer_stays_a_date(run: Convert) -> None:
    moment = _moment(2080, 1, 1, 1, 29, 2)
    _, sink = run(_xlsx([["n", "at"], [10**15, moment], [10**16, moment]]), name="x.xlsx")
    assert parquet_table(sink).to_pydict() == {"n": [10**15, 10**16], "at": [moment, moment]}
