"""Tables of HTML, XML and PDF documents, and documents that mean harm."""

import datetime as dt
import gzip
import io
from pathlib import Path
from typing import Any

import pytest
from conversion_reference import Convert, ConvertFile, parquet_table
from reportlab.lib import colors
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Table

from shared_lib.contracts.conversions import FileReport
from svc_parquet.conversions.errors import (
    DamagedFileError,
    EncodingUndecidedError,
    NoTablesError,
    RowTooLargeError,
    SourceTooLargeError,
)


def _by_name(answer: tuple[FileReport, Path]) -> dict[str | None, dict[str, Any]]:
    report, sink = answer
    return {
        table.report.source.name: parquet_table(sink / table.folder).to_pydict()
        for table in report.tables
    }


def test_html_tables_with_spans_captions_and_nesting(run_file: ConvertFile) -> None:
    page = """<!DOCTYPE html><html><head><meta charset="utf-8"></head><body>
    <table><caption>Sales</caption>
    <thead><tr><th rowspan=2>zip</th><th colspan=2>sales</th></tr>
    <tr><th>Q1</th><th>Q2</th></tr></thead>
    <tr><td>00501<td> 1 <td>1.5
    <tr><td rowspan="2">94110<td>2<td>&lt;b&gt; <b>K&ouml;ln</b><br>East</tr>
    <tr><td>3<td></tr></table>
    <table id="outer"><tr><td>a</td><td>b</td></tr><tr><td>1</td><td>x<table><tr><td>n</td></tr>
    <tr><td>7</td></tr></table></td></tr></table></body></html>"""
    found = _by_name(run_file(page.encode(), name="x.html"))
    assert list(found) == ["Sales", "outer", "table 3"]
    assert found["Sales"] == {
        "zip": ["00501", "94110", "94110"],
        "sales / Q1": [1, 2, 3],
        "sales / Q2": ["1.5", "<b> K\u00f6ln\nEast", None],
    }
    assert found["table 3"] == {"n": [7]}


def test_html_encodings_and_none(run: Convert) -> None:
    table = "<table><tr><th>t</th></tr><tr><td>K\u00f6ln</td></tr></table>"
    declared = f'<html><meta charset="windows-1252">{table}'.encode("cp1252")
    for data in (table.encode(), declared, gzip.compress(table.encode())):
        _, sink = run(data, name="x.html")
        assert parquet_table(sink).to_pydict() == {"t": ["K\u00f6ln"]}
    with pytest.raises(EncodingUndecidedError):
        run(table.encode("cp1252"), name="x.html")
    _, sink = run(table.encode("cp1252"), name="x.html", encoding="cp1252")
    assert parquet_table(sink).to_pydict() == {"t": ["K\u00f6ln"]}
    with pytest.raises(NoTablesError):
        run(b"<html><p>nothing</p></html>", name="x.html")


def test_xml_rows_attributes_and_the_rest(run_file: ConvertFile) -> None:
    document = """<?xml version="1.0"?><shop xmlns="urn:x" made="2024-01-05"><name>A &amp; B</name>
    <people><person id="1"><zip>00501</zip><tag>a</tag><tag>b</tag></person>
    <person id="2"><zip/><age unit="y">7</age></person></people>
    <orders><order>5</order><order>6</order></orders></shop>"""
    assert _by_name(run_file(document.encode(), name="x.xml")) == {
        "person": {
            "@id": [1, 2],
            "zip": ["00501", None],
            "tag": ['["a","b"]', None],
            "age": [None, '{"@unit":"y","#text":"7"}'],
        },
        "order": {"order": [5, 6]},
        "document": {
            "@xmlns": ["urn:x"],
            "@made": [dt.date(2024, 1, 5)],
            "name": ["A & B"],
            "people": [None],
            "orders": [None],
        },
    }


def test_a_surprise_far_into_an_xml_document(run: Convert) -> None:
    rows = [f"<r><i>{i}</i><v>17</v></r>" for i in range(20_001)]
    rows.append("<r><i>20001</i><v>007</v><late>x</late></r>")
    _, sink = run(f"<?xml version='1.0'?><d>{''.join(rows)}</d>".encode(), name="x.xml")
    stored = parquet_table(sink)
    assert stored.column("v").to_pylist() == ["17"] * 20_001 + ["007"]
    assert stored.column("late").to_pylist() == [None] * 20_001 + ["x"]
    assert stored.column("i").to_pylist() == list(range(20_002))


def test_xml_in_its_declared_encoding(run: Convert) -> None:
    for codec in ("iso-8859-1", "utf-16", "windows-1252"):
        text = f"<?xml version='1.0' encoding='{codec}'?><d><r>K\u00f6ln</r><r>x</r></d>"
        _, sink = run(text.encode(codec), name="x.xml")
        assert parquet_table(sink).to_pydict() == {"r": ["K\u00f6ln", "x"]}


@pytest.mark.parametrize(
    "document",
    [
        '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><d><r>&b;</r><r/></d>',
        '<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]><d><r>&a;</r><r/></d>',
        '<!DOCTYPE d [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x">%p;]><d><r/><r/></d>',
        "<d><r>1</r><r>2</d>",
        "<d>" + "<r>" * 5000 + "</r>" * 5000 + "</d>",
        "<d>" + "".join(f"<r{i}/>" for i in range(20_000)) + "</d>",
    ],
    ids=["bomb", "file", "network", "torn", "deep", "many kinds"],
)
def test_hostile_xml_is_refused(run: Convert, document: str) -> None:
    with pytest.raises(DamagedFileError):
        run(f"<?xml version='1.0'?>{document}".encode(), name="x.xml")


def test_an_element_without_end_is_refused(run: Convert) -> None:
    data = b"<?xml version='1.0'?><d><r>" + b"x" * 9000 + b"</r><r/></d>"
    with pytest.raises(RowTooLargeError):
        run(data, name="x.xml", max_row_bytes=1024)


def _pdf(*parts: Any) -> bytes:
    sink = io.BytesIO()
    SimpleDocTemplate(sink).build(list(parts))
    return sink.getvalue()


_ROWS = [["id", "zip", "amount"]] + [[str(i), f"{i:05d}", f"{i}.50"] for i in range(1, 121)]
_RULED = [("GRID", (0, 0), (-1, -1), 0.5, colors.black)]
_STYLE = getSampleStyleSheet()["Normal"]


def test_pdf_tables_over_pages_and_text(run_file: ConvertFile) -> None:
    table = Table(_ROWS, style=_RULED, repeatRows=1)
    data = _pdf(Paragraph("A report of May", _STYLE), PageBreak(), table)
    found = _by_name(run_file(data, name="x.pdf"))
    assert found["ruled table on page 2"] == {
        "id": list(range(1, 121)),
        "zip": [row[1] for row in _ROWS[1:]],
        "amount": [pytest.approx(float(row[2])) for row in _ROWS[1:]],
    }
    assert found["text"]["page"] == list(range(1, len(found["text"]["page"]) + 1))
    assert found["text"]["text"][0] == "A report of May"


def test_a_borderless_table_and_none(run_file: ConvertFile) -> None:
    found = _by_name(run_file(_pdf(Table(_ROWS[:30])), name="x.pdf"))
    assert found["borderless table on page 1"]["zip"] == [row[1] for row in _ROWS[1:30]]
    report, _ = run_file(_pdf(Paragraph("Only words here.", _STYLE)), name="x.pdf")
    assert report.tables[0].report.decisions.notes == ["no tables found"]


def test_hostile_pdfs_are_refused(run: Convert) -> None:
    with pytest.raises(DamagedFileError):
        run(b"%PDF-1.7\n" + b"garbage" * 100, name="x.pdf")
    sink = io.BytesIO()
    canvas = Canvas(sink)
    for _ in range(2001):
        canvas.showPage()
    canvas.save()
    with pytest.raises(SourceTooLargeError, match="2,001 pages"):
        run(sink.getvalue(), name="x.pdf")
