"""Ordinary inputs on which readers of delimited text are known to lose data silently."""

import gzip
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from conversion_reference import Convert, assert_cells, csv_cells, parquet_table, quarantined

from shared_lib.contracts.conversions import ConversionReport
from svc_parquet.conversions.errors import (
    EmptyFileError,
    EncodingUndecidedError,
    MalformedRowsError,
    UnknownColumnError,
    UnknownEncodingError,
    UnknownTypeError,
    UnsupportedFormatError,
)

PAST_SAMPLE = 20_001
FAR = 200_000
"""Rows enough for several blocks, so that a surprise comes after rows were written."""


def _types(report: ConversionReport) -> dict[str, str]:
    return {column.name: column.type for column in report.decisions.columns}


@pytest.mark.parametrize("rows", [PAST_SAMPLE, FAR])
@pytest.mark.parametrize(
    ("usual", "surprise", "wide"),
    [
        ("17", "x", "string"),
        ("17", "1.75", "float64"),
        ("17", "007", "string"),
        ("17", "-0", "string"),
        ("17", "+5", "string"),
        ("17", "9223372036854775808", "decimal(38,0)"),
        ("17", "1" * 39, "string"),
        ("17", "12E5", "string"),
        ("1.50", "2.5", "float64"),
        ("1.50", "1234567890123456789.01", "decimal(38,2)"),
        ("2024-01-05", "2024-01-05 10:11:12", "string"),
        ("2024-01-05", "2024-1-5", "string"),
        ("2024-01-05 10:11:12", "2024-01-05 10:11:60", "string"),
        ("2024-01-05 10:11:12", "2024-01-05T10:11:12", "string"),
        ("true", "yes", "string"),
        ("True", "true", "string"),
        ("", "text", "string"),
        ("0.1", "0.10000000000000001", "decimal(38,17)"),
        ("0.1", "1e400", "string"),
        ("0.1", "nan", "string"),
    ],
)
def test_a_surprise_past_the_sample_widens_its_column(
    run: Convert, rows: int, usual: str, surprise: str, wide: str
) -> None:
    padding = "some text that makes blocks come sooner, and more " * (2 if rows == FAR else 0)
    lines = [f'{i},{usual},"{padding}"' for i in range(rows)]
    lines.append(f'{rows},{surprise},"{padding}"')
    report, sink = run(("id,v,pad\n" + "\n".join(lines) + "\n").encode())
    values = parquet_table(sink).column("v").to_pylist()
    assert len(values) == report.rows == rows + 1
    assert _types(report)["v"] == wide
    assert str(values[-1]) == surprise or float(values[-1]) == float(surprise)
    assert _types(report)["id"] == "int64"
    if usual:
        assert [w.column for w in report.widened] == ["v"]
        assert report.widened[0].row == rows + 1
        assert report.widened[0].example == surprise
    assert report.quarantine.rows == 0


@pytest.mark.parametrize(
    ("texts", "wanted"),
    [
        (["00501", "94110"], "string"),
        (["1", "2", "-3", "0"], "int64"),
        (["1", "007"], "string"),
        (["9223372036854775807", "-9223372036854775808"], "int64"),
        (["9223372036854775808", "1"], "decimal(38,0)"),
        (["9" * 38, "-" + "9" * 38], "decimal(38,0)"),
        (["9" * 39, "1"], "string"),
        (["9007199254740993", ""], "int64"),
        (["1.50", "2.25"], "decimal(18,2)"),
        (["1.5", "2.25"], "float64"),
        (["1.5", "2.25", "12345678901234567.25"], "decimal(38,2)"),
        (["0.1234567890123456789", "0.1"], "decimal(38,19)"),
        (["0.30000000000000004", "0.1"], "float64"),
        (["1e-07", "0.25"], "float64"),
        (["12E5", "13E6"], "string"),
        (["1e5", "1e6"], "string"),
        (["1,5", "2,5"], "string"),
        (["0x10", "0x11"], "string"),
        ([" 1", "2"], "string"),
        (["1 ", "2"], "string"),
        (["1_000", "2"], "string"),
        (["inf", "1.5"], "string"),
        (["nan", "nan"], "string"),
        (["NaN", "1.5"], "string"),
        (["-0.0", "1.5"], "float64"),
        (["-0.00", "1.50"], "float64"),
        (["5e-324", "0.5"], "float64"),
        (["1e-400", "0.5"], "string"),
        (["true", "false"], "boolean"),
        (["True", "False"], "boolean"),
        (["TRUE", "false"], "string"),
        (["yes", "no"], "string"),
        (["2024-02-29", "1999-12-31"], "date"),
        (["2023-02-29", "1999-12-31"], "string"),
        (["01/02/2024", "03/04/2024"], "string"),
        (["2024-01-05 10:11", "2024-01-05 23:59"], "datetime"),
        (["2024-01-05 10:11:12", "1970-01-01 00:00:00"], "datetime"),
        (["2024-01-05T10:11:12Z", "1970-01-01T00:00:00Z"], "datetime"),
        (["2024-01-05 10:11:12.123", "2024-01-05 10:11:12.000"], "datetime"),
        (["2024-01-05T10:11:12.123456Z", "2024-01-05T10:11:12.000000Z"], "datetime"),
        (["2024-01-05 10:11:12.123456789", "2024-01-05 10:11:12.000000000"], "datetime"),
        (["2500-01-05 10:11:12.123456789", "2024-01-05 10:11:12.000000000"], "string"),
        (["2024-01-05 10:11:12.1", "2024-01-05 10:11:12.12"], "string"),
        (["2024-01-05 24:00:00", "2024-01-05 10:11:12"], "string"),
        (["2024-01-05T10:11:12+02:00", "2024-01-05T10:11:12+01:00"], "string"),
        (["NA", "null"], "string"),
        (["", ""], "string"),
        (["\u0661\u0662", "\u0663"], "string"),
    ],
)
def test_a_type_is_taken_only_when_it_keeps_every_text(
    run: Convert, texts: list[str], wanted: str
) -> None:
    report, sink = run(("k,v\n" + "".join(f'"x",{_quoted(t)}\n' for t in texts)).encode())
    assert _types(report)["v"] == wanted
    assert_cells([["x", text] for text in texts], sink, report, names=["k", "v"])


def _quoted(text: str) -> str:
    return f'"{text}"' if "," in text else text


def test_a_quoted_empty_field_is_a_text_and_an_unquoted_one_a_null(run: Convert) -> None:
    report, sink = run(b'a,b\n"",x\n,y\n"z",\n')
    assert parquet_table(sink).to_pydict() == {"a": ["", None, "z"], "b": ["x", "y", None]}
    assert report.decisions.columns[0].type == "string"


def test_null_words_and_quoted_empties_as_nulls_on_request(run: Convert) -> None:
    data = b'a,b\n"1",NA\n"","x"\n2,\n'
    report, sink = run(data, null_values=["", "NA"], quoted_empty_is_null=True)
    assert parquet_table(sink).to_pydict() == {"a": [1, None, 2], "b": [None, "x", None]}
    report, sink = run(data, null_values=[])
    assert parquet_table(sink).to_pydict() == {"a": ["1", "", "2"], "b": ["NA", "x", ""]}
    assert report.decisions.null_values == []


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(run: Convert, delimiter: str, newline: str) -> None:
    rows = [["id", "text", "n"]]
    rows += [[str(i), f'says "hi{delimiter}" {i}\nnext\r\nlast', f"{i}.5"] for i in range(300)]
    lines = [
        delimiter.join(f'"{c.replace(chr(34), chr(34) * 2)}"' if "says" in c else c for c in row)
        for row in rows
    ]
    text = newline.join(lines) + newline
    report, sink = run(text.encode())
    assert report.decisions.delimiter == delimiter
    assert csv_cells(text, delimiter=delimiter) == rows
    assert_cells(rows[1:], sink, report, names=rows[0])


def test_mixed_line_ends_and_no_last_one(run: Convert) -> None:
    report, sink = run(b"a,b\r\n1,2\n3,4\r5,6")
    assert parquet_table(sink).to_pydict() == {"a": [1, 3, 5], "b": [2, 4, 6]}
    assert report.decisions.newline == "mixed"


def test_european_numbers_do_not_make_a_comma_the_delimiter(run: Convert) -> None:
    report, sink = run(b"a;b\n1,5;2,5\n3,5;4,25\n")
    assert report.decisions.delimiter == ";"
    assert parquet_table(sink).to_pydict() == {"a": ["1,5", "3,5"], "b": ["2,5", "4,25"]}


def test_three_lines_of_which_one_holds_a_semicolon(run: Convert) -> None:
    _, sink = run(b"c0\nv0\na;b\n")
    assert parquet_table(sink).to_pydict() == {"c0": ["v0", "a;b"]}


def test_blank_lines_are_nulls_in_one_column_and_nothing_in_several(run: Convert) -> None:
    _, sink = run(b"a\n1\n\n3\n")
    assert parquet_table(sink).to_pydict() == {"a": [1, None, 3]}
    report, sink = run(b"a,b\n1,2\n\n3,4\n\r\n")
    assert parquet_table(sink).to_pydict() == {"a": [1, 3], "b": [2, 4]}
    assert report.decisions.blank_lines == 2


def test_short_and_long_rows_go_to_the_quarantine_with_their_place(run: Convert) -> None:
    data = b'a,b,c\n1,2,3\n4,5\n6,7,8,9\n,,\n"x\ny",1\n7,8,9\n'
    report, sink = run(data)
    assert parquet_table(sink).to_pydict() == {
        "a": [1, None, 7],
        "b": [2, None, 8],
        "c": [3, None, 9],
    }
    assert [(e["line"], e["byte"], e["text"]) for e in quarantined(sink)] == [
        (3, 12, "4,5\n"),
        (4, 16, "6,7,8,9\n"),
        (6, 27, '"x\ny",1\n'),
    ]
    assert report.quarantine.rows == 3
    assert report.quarantine.first[0].line == 3
    assert "2 fields where 3" in report.quarantine.first[0].reason


def test_every_byte_is_in_the_table_or_in_the_quarantine_far_into_the_file(run: Convert) -> None:
    good = [f"{i},text {i},{i / 8}" for i in range(150_000)]
    bad = {40_000: "only,two", 90_000: "a,b,c,d", 120_000: 'x,"y"z,1', 149_000: "bad \xff,1,2"}
    lines = [
        line for i, line in enumerate(good) for line in ([bad[i]] if i in bad else []) + [line]
    ]
    data = ("id,t,x\n" + "\n".join(lines) + "\n").encode("latin-1")
    report, sink = run(data)
    assert report.rows == 150_000
    entries = quarantined(sink)
    assert len(entries) == 4
    for entry, (i, text) in zip(entries, bad.items(), strict=True):
        assert data[entry["byte"] :].startswith(text.encode("latin-1"))
        assert data[: entry["byte"]].count(b"\n") + 1 == entry["line"]
        assert entry["line"] == i + 2 + list(bad).index(i)
    assert "base64" in entries[-1]
    assert_cells([line.split(",") for line in good], sink, report, names=["id", "t", "x"])


def test_two_fields_then_three(run: Convert) -> None:
    lines = ["a,b"] + [f"{i},{i}" for i in range(1000)] + [f"{i},{i},{i}" for i in range(1000)]
    report, sink = run(("\n".join(lines) + "\n").encode())
    assert report.rows == report.quarantine.rows == 1000
    assert parquet_table(sink).column_names == ["a", "b"]


def test_an_unterminated_quote_costs_its_line_only(run: Convert) -> None:
    report, sink = run(b'a,b\n1,2\n3,"oops\n5,6\n7,8\n')
    assert parquet_table(sink).to_pydict() == {"a": [1, 5, 7], "b": [2, 6, 8]}
    assert quarantined(sink)[0]["text"] == '3,"oops\n'
    assert report.quarantine.first[0].line == 3


def test_a_quote_inside_an_unquoted_field_is_a_character(run: Convert) -> None:
    lines = ["size,what"] + [f'{i},{i}" pipe' for i in range(30_000)]
    report, sink = run(("\n".join(lines) + "\n").encode())
    assert report.quarantine.rows == 0
    assert parquet_table(sink).column("what").to_pylist() == [f'{i}" pipe' for i in range(30_000)]


def test_a_stray_quote_does_not_turn_later_quoted_line_ends_inside_out(run: Convert) -> None:
    lines = ["a,b"]
    expected = []
    for i in range(5_000):
        if i in (100, 4_000):
            lines.append(f'{i},5" pipe')
            expected.append('5" pipe')
        else:
            lines.append(f'{i},"x\n{i},y"')
            expected.append(f"x\n{i},y")
    report, sink = run(("\n".join(lines) + "\n").encode())
    assert parquet_table(sink).column("b").to_pylist() == expected
    assert report.quarantine.rows == 0


def test_nul_bytes_and_byte_order_marks(run: Convert) -> None:
    report, sink = run(b"\xef\xbb\xbfa,b\nx\x00y,1\n\xef\xbb\xbfz,2\n")
    assert parquet_table(sink).to_pydict() == {"a": ["x\0y", "\ufeffz"], "b": [1, 2]}
    assert report.decisions.encoding_reason == "byte order mark"


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_wide_encodings_are_told_by_their_mark(run: Convert, codec: str) -> None:
    text = 'name,n\nK\u00f6ln,1\n"\u6771\u4eac,\n\u00e9",2\n\U0001f680,3\n'
    mark = "" if codec in ("utf-16", "utf-32", "utf-8-sig") else "\ufeff"
    _, sink = run((mark + text).encode(codec))
    assert parquet_table(sink).to_pydict() == {
        "name": ["K\u00f6ln", "\u6771\u4eac,\n\u00e9", "\U0001f680"],
        "n": [1, 2, 3],
    }


@pytest.mark.parametrize("codec", ["cp1252", "latin-1", "cp1251", "shift_jis", "gb18030"])
def test_an_encoding_that_is_given_is_exact(run: Convert, codec: str) -> None:
    word = {"cp1251": "\u041c\u043e\u0441\u043a\u0432\u0430"}.get(codec, "K\u00f6ln \u00e9")
    word = "\u6771\u4eac" if codec in ("shift_jis", "gb18030") else word
    data = f"name,n\n{word},1\nplain,2\n".encode(codec)
    _, sink = run(data, encoding=codec)
    assert parquet_table(sink).to_pydict() == {"name": [word, "plain"], "n": [1, 2]}


def test_a_few_undecodable_rows_are_set_aside_with_the_way_out(run: Convert) -> None:
    data = b"name,n\n" + b"plain,1\n" * 5 + "K\u00f6ln,2\n".encode("cp1252") + b"plain,3\n"
    report, sink = run(data)
    assert report.rows == 6
    entry = quarantined(sink)[0]
    assert (entry["line"], entry["byte"]) == (7, 47)
    assert "encoding=cp1252" in entry["reason"]
    assert "0xF6 at 48" in entry["reason"]
    again, sink = run(data, encoding="cp1252")
    assert again.rows == 7
    assert again.quarantine.rows == 0


def test_a_file_that_is_mostly_not_utf8_is_refused(run: Convert) -> None:
    with pytest.raises(EncodingUndecidedError, match="encoding=cp1252"):
        run(b"name,n\n" + "K\u00f6ln,2\n".encode("cp1252") * 50)
    late = b"plain,1\n" * 20_000 + "K\u00f6ln,2\n".encode("cp1252") * 30_000
    with pytest.raises(EncodingUndecidedError, match="cannot be decoded"):
        run(b"name,n\n" + late)
    with pytest.raises(EncodingUndecidedError, match="UTF-16"):
        run("name,n\nabc,1\n".encode("utf-16-le"))
    with pytest.raises(EncodingUndecidedError, match="utf-16"):
        run(b"\xff\xfea\x00,\x00b\x00\n\x00\x00\xd8\n\x00")


@pytest.mark.parametrize(
    ("data", "present", "names"),
    [
        (b"1,2,3\n4,5,6\n", False, ["column_1", "column_2", "column_3"]),
        (b"1.5,x\n2.5,y\n", False, ["column_1", "column_2"]),
        (b"DE,new\nFR,old\nDE,old\n", False, ["column_1", "column_2"]),
        (b"2024-01-05,x\n2024-01-06,y\n", False, ["column_1", "column_2"]),
        (b"a,b\n1,2\n", True, ["a", "b"]),
        (b"country,2019,2020,2021\nDE,1,2,3\n", True, ["country", "2019", "2020", "2021"]),
        (b"a,a,,b,a\n1,2,3,4,5\n", True, ["a", "a_2", "column_3", "b", "a_3"]),
        (b"a,a,a_2\n1,2,3\n", True, ["a", "a_3", "a_2"]),
        (b"7\n8\n9\n", False, ["column_1"]),
        (b"a,b\n", True, ["a", "b"]),
    ],
)
def test_the_first_row_is_never_eaten(
    run: Convert, data: bytes, present: bool, names: list[str]
) -> None:
    report, sink = run(data)
    assert report.decisions.header is present
    table = parquet_table(sink)
    assert table.column_names == names
    assert table.num_rows == data.count(b"\n") - present


def test_header_option_settles_it(run: Convert) -> None:
    report, sink = run(b"a,b\nc,d\n", header=False)
    assert parquet_table(sink).to_pydict() == {"column_1": ["a", "c"], "column_2": ["b", "d"]}
    report, sink = run(b"1,2\n3,4\n", header=True)
    assert parquet_table(sink).to_pydict() == {"1": [3], "2": [4]}
    assert report.decisions.header_reason == "given"


def test_changed_names_are_told(run: Convert) -> None:
    report, _ = run(b"a,a,\n1,2,3\n")
    assert [c.source_name for c in report.decisions.columns] == [None, "a", ""]


def test_lines_before_the_header_are_kept_in_the_quarantine(run: Convert) -> None:
    rows = "".join(f"{i},{i}.5,x\n" for i in range(50))
    report, sink = run(f"Report of May\nmade by hand\n\nid,v,t\n{rows}".encode())
    assert parquet_table(sink).column_names == ["id", "v", "t"]
    assert report.rows == 50
    assert [entry["line"] for entry in quarantined(sink)] == [1, 2]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_remarks_over_a_table_are_kept_as_notes(run: Convert, end: str) -> None:
    text = end.join(["# made by hand", "# twice", "id\tzip", "1\t00501", "2", "3\t7"]) + end
    report, sink = run(text.encode(), name="x.tsv")
    assert parquet_table(sink).to_pydict() == {"id": [1, 3], "zip": ["00501", "7"]}
    assert report.decisions.notes == [
        "a remark over the table: # made by hand",
        "a remark over the table: # twice",
    ]
    assert quarantined(sink)[0]["line"] == 5
    _, sink = run(b"# remark\n#id\tzip\n1\t00501\n")
    assert parquet_table(sink).to_pydict() == {"#id": [1], "zip": ["00501"]}
    _, sink = run(b"#one\n#two\nthree\n", header=False)
    assert parquet_table(sink).to_pydict() == {"column_1": ["#one", "#two", "three"]}


def test_excel_sep_line(run: Convert) -> None:
    report, sink = run(b"sep=;\r\na;b\r\n1;2\r\n")
    assert parquet_table(sink).to_pydict() == {"a": [1], "b": [2]}
    assert report.decisions.notes


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "PNG"),
        (b"SQLite format 3\0" + b"\0" * 100, "SQLite"),
    ],
)
def test_other_formats_are_named(run: Convert, head: bytes, name: str) -> None:
    with pytest.raises(UnsupportedFormatError, match=name):
        run(head)


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"\n\n \n", gzip.compress(b"", mtime=0)])
def test_an_empty_file_is_refused(run: Convert, data: bytes) -> None:
    with pytest.raises(EmptyFileError):
        run(data)


def test_fail_on_bad_rows_names_the_first_and_leaves_nothing(run: Convert, tmp_path: Path) -> None:
    with pytest.raises(MalformedRowsError) as error:
        run(b"a,b\n1,2\n3\n", on_bad_rows="fail")
    assert error.value.place == {"line": 3, "byte": 8}
    assert list((tmp_path / "0" / "sink").iterdir()) == []


def test_given_types_are_proved_too(run: Convert) -> None:
    data = b"zip,n,x,d\n00501,1,1.5,2024-01-05\n94110,2,2.25,\n"
    schema = {"zip": "int64", "n": "float64", "x": "decimal(10,3)", "d": "string"}
    report, sink = run(data, schema=schema)
    assert _types(report) == {"zip": "string", "n": "float64", "x": "decimal(10,3)", "d": "string"}
    assert [c.origin for c in report.decisions.columns] == ["widened", "given", "given", "given"]
    assert report.widened[0].example == "00501"
    assert parquet_table(sink).column("zip").to_pylist() == ["00501", "94110"]


def test_options_that_make_no_sense_are_refused(run: Convert) -> None:
    with pytest.raises(UnknownColumnError, match="'nope'"):
        run(b"a,b\n1,2\n", schema={"nope": "int64"})
    with pytest.raises(UnknownTypeError, match="'money'"):
        run(b"a,b\n1,2\n", schema={"a": "money"})
    with pytest.raises(UnknownEncodingError):
        run(b"a,b\n1,2\n", encoding="klingon")


def test_a_very_wide_file(run: Convert) -> None:
    names = [f"c{i}" for i in range(1000)]
    rows = [[str(i * j) if j % 3 else f"t{i}" for j in range(1000)] for i in range(20)]
    text = "\n".join(",".join(row) for row in [names, *rows]) + "\n"
    report, sink = run(text.encode())
    assert_cells(rows, sink, report, names=names)


def test_preview_and_metadata(run: Convert) -> None:
    report, sink = run(
        b"i,d,t\n9007199254740993,1.50,2024-01-05T10:11:12Z\n1,2.25,1970-01-01T00:00:00Z\n"
    )
    preview = json.loads((sink / "preview.json").read_text())
    assert preview["rows"] == [
        ["9007199254740993", "1.50", "2024-01-05T10:11:12Z"],
        [1, "2.25", "1970-01-01T00:00:00Z"],
    ]
    metadata = pq.read_metadata(sink / "part-00000.parquet").metadata
    decisions = json.loads(metadata[b"datafleet.decisions"])
    assert decisions == report.decisions.model_dump(mode="json", by_alias=True)
    assert json.loads(metadata[b"datafleet.report"])["rows"] == 2
