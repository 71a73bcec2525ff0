"""JSON lines on which readers are known to lose data silently."""

import gzip
import json
from typing import Any

import pytest
from conversion_reference import Convert, Token, json_rows, keeps, parquet_table, quarantined

from shared_lib.contracts.conversions import ConversionReport
from svc_parquet.conversions.errors import (
    EmptyFileError,
    EncodingUndecidedError,
    MalformedRowsError,
    RowTooLargeError,
    TooManyColumnsError,
)

FAR = 60_000


def _lines(rows: list[str]) -> bytes:
    return ("\n".join(rows) + "\n").encode()


def _types(report: ConversionReport) -> dict[str, str]:
    return {column.name: column.type for column in report.decisions.columns}


def _dumps(value: Any) -> str:
    """Compact JSON of a value of the reference reader."""
    if isinstance(value, Token):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k)}:{_dumps(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_dumps, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def assert_rows(rows: list[dict[str, Any]], report: ConversionReport, table: Any) -> None:
    """Compare every value of every key with the table."""
    assert table.num_rows == len(rows)
    kinds: dict[str, set[type]] = {}
    for row in rows:
        for key, value in row.items():
            if value is not None:
                kinds.setdefault(key, set()).add(type(value))
    for decision in report.decisions.columns:
        types = kinds.get(decision.name, set())
        as_json = len(types) > 1 or bool(types & {dict, list})
        values = table.column(decision.name).to_pylist()
        for row, value in zip(rows, values, strict=True):
            written = row.get(decision.name)
            if written is None:
                assert value is None
            elif as_json:
                assert value == _dumps(written)
            elif isinstance(written, bool):
                assert value is written
            else:
                assert keeps(written, value, type_name=decision.type, spelling=decision.format), (
                    decision,
                    written,
                    value,
                )


@pytest.mark.parametrize(
    ("usual", "surprise", "wide"),
    [
        ("1", "1.75", "float64"),
        ("1", '"x"', "string"),
        ("1", '{"a": 1.50}', "string"),
        ("1", "9223372036854775808", "decimal(38,0)"),
        ("1", "18446744073709551617", "decimal(38,0)"),
        ("1", "1" * 40, "string"),
        ("9007199254740993", "18446744073709551616", "decimal(38,0)"),
        ("1.5", "0.1234567890123456789", "decimal(38,19)"),
        ("1.5", "1E5", "float64"),
        ("1.5", "1e400", "string"),
        ("1.5", "NaN", "string"),
        ("1", "-0", "string"),
        ('"00501"', '"x"', "string"),
        ('"2024-01-05"', '"2024-01-05 10:11:12"', "string"),
        ("true", "1", "string"),
        ("null", '"late"', "string"),
        ("null", "7", "int64"),
        ("null", "[1, 2.50]", "string"),
    ],
)
def test_a_surprise_far_into_the_file(run: Convert, usual: str, surprise: str, wide: str) -> None:
    pad = "p" * 100
    lines = [f'{{"id": {i}, "v": {usual}, "pad": "{pad}"}}' for i in range(FAR)]
    lines.append(f'{{"id": {FAR}, "v": {surprise}, "late": "key"}}')
    data = _lines(lines)
    report, sink = run(data, name="rows.jsonl")
    assert _types(report)["v"] == wide
    assert _types(report)["id"] == "int64"
    table = parquet_table(sink)
    assert table.column("late").to_pylist()[-1] == "key"
    assert_rows(json_rows(data.decode()), report, table)
    assert report.quarantine.rows == 0


def test_kinds_are_kept_apart(run: Convert) -> None:
    data = _lines(
        [
            '{"zip": "00501", "n": 1, "x": 1.50, "b": true, "o": {"k": [1, 2.50, "\u00e9", null]}}',
            '{"zip": "94110", "n": 18446744073709551617, "x": 2, "b": null, "o": {}}',
            '{"zip": "1", "n": null, "x": 1e-7, "o": {"k": 12345678901234567890.10}}',
        ]
    )
    report, sink = run(data)
    assert report.decisions.format == "jsonl"
    assert _types(report) == {
        "zip": "string",
        "n": "decimal(38,0)",
        "x": "float64",
        "b": "boolean",
        "o": "string",
    }
    table = parquet_table(sink)
    assert_rows(json_rows(data.decode()), report, table)
    assert table.column("o").to_pylist()[2] == '{"k":12345678901234567890.10}'
    assert {c.name: c.absent for c in report.decisions.columns}["b"] == 1
    assert any("kept as JSON text: o" in note for note in report.decisions.notes)


def test_bad_lines_go_to_the_quarantine_with_their_place(run: Convert) -> None:
    lines = [
        b'{"a": 1}',
        b'{"a": 1, "a": 2}',
        b'{"a": {"k": 1, "k": 2}}',
        b'{"a": ',
        b"[1, 2]",
        b'{"a": 1} {"a": 2}',
        b'{"a": "\\ud800"}',
        b'{"a": "\xff"}',
        b"[" * 100_000,
        b"",
        b'{"a": 9}',
    ]
    data = b"\n".join(lines) + b"\n"
    report, sink = run(data, name="x.jsonl")
    assert parquet_table(sink).column("a").to_pylist() == [1, 9]
    entries = quarantined(sink)
    assert [entry["line"] for entry in entries] == [2, 3, 4, 5, 6, 7, 8, 9]
    for entry in entries:
        assert data[entry["byte"] :].startswith(lines[entry["line"] - 1])
    reasons = [entry["reason"] for entry in entries]
    assert "'a' occurs twice" in reasons[0]
    assert "'k' occurs twice" in reasons[1]
    assert "surrogate" in reasons[5]
    assert "0xFF" in reasons[6]
    assert report.decisions.blank_lines == 1
    with pytest.raises(MalformedRowsError):
        run(data, name="x.jsonl", on_bad_rows="fail")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_ends_marks_and_compression(run: Convert, newline: str) -> None:
    text = newline.join(['{"a": "\u6771\u4eac"}', "", '{"a": "x\\ny"}'])
    for data in (text.encode(), gzip.compress(text.encode()), text.encode("utf-16")):
        _, sink = run(data)
        assert parquet_table(sink).to_pydict() == {"a": ["\u6771\u4eac", "x\ny"]}
    _, sink = run(b'{"a": "\xe9"}\n', name="x.jsonl", encoding="latin-1")
    assert parquet_table(sink).to_pydict() == {"a": ["\u00e9"]}


def test_what_is_no_table_is_refused(run: Convert) -> None:
    with pytest.raises(EmptyFileError):
        run(b"{}\n{}\n", name="x.jsonl")
    with pytest.raises(MalformedRowsError):
        run(b"broken\nbroken\n", name="x.jsonl")
    with pytest.raises(EncodingUndecidedError):
        run(b'{"a": "\xe9"}\n' * 10, name="x.jsonl")
    with pytest.raises(TooManyColumnsError):
        run(_lines([f'{{"k{i}": 1}}' for i in range(10_001)]), name="x.jsonl")
    with pytest.raises(RowTooLargeError):
        run(b'{"a": "' + b"x" * 5000 + b'"}\n', name="x.jsonl", max_row_bytes=1024)


def test_given_types(run: Convert) -> None:
    data = _lines(['{"a": "1", "b": 1}', '{"a": "2", "b": 2}'])
    _, sink = run(data, schema={"a": "int64", "b": "string"})
    assert parquet_table(sink).to_pydict() == {"a": [1, 2], "b": ["1", "2"]}
