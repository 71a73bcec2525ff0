"""JSON lines read by columns are what they are when each object is read by itself."""

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conversion_reference import parquet_table, quarantined
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared_lib.contracts.conversions import ConversionOptions
from svc_parquet.conversions.convert import convert
from svc_parquet.conversions.errors import ConversionError
from svc_parquet.conversions.json_plain import PlainPattern, form_of, lines_of, texts_of
from svc_parquet.conversions.json_rows import Number, UnreadableJsonError, json_text, read_object
from svc_parquet.conversions.readers import jsonl_rows

_KEYS = ["a", "\u00e9.*", "b c"]
_TOKENS = st.sampled_from(
    ["null", "true", "false", "0", "-0", "1.50", "1e5", "-1E+400", "12345678901234567890.10", '""',
     '"null"', '"\\""', '"x\\\\"', '"\\u00e9\\n\\/"', '"\\ud83d\\ude00"', '"\\ud800"', '"\\uD"',
     '"\x7f\u2028"', '"\t"', "1.", ".5", "+1", "NaN", "-Infinity", "[1]", "{}", '{"a": 1}', '"\\x"',
     '"', "01", "tru", "1 2", '1, "a": 2', '", "a": "']
) | st.text(st.characters(exclude_categories=["Cs"]), max_size=8).map(json.dumps)  # fmt: skip


@st.composite
def _lines(draw: st.DrawFn) -> bytes:
    """A line with the keys in their order, sometimes with a piece taken out."""
    space = draw(st.sampled_from(["", " ", "\t"]))
    members = [f'{space}"{key}"{space}:{space}{draw(_TOKENS)}{space}' for key in _KEYS]
    line = (space + "{" + ",".join(members) + "}" + space).encode()
    if draw(st.integers(0, 3)) == 0:
        place = draw(st.integers(0, len(line) - 1))
        line = line[:place] + line[place + draw(st.integers(1, 4)) :]
    return line.decode("utf-8", "ignore").replace("\n", "").replace("\r", "").encode() + b"\r\n"


@settings(max_examples=150, deadline=None)
@given(lines=st.lists(_lines(), min_size=1, max_size=8))
def test_a_line_is_taken_as_the_decoder_reads_it_or_not_at_all(lines: list[bytes]) -> None:
    starts = np.cumsum([0, *map(len, lines[:-1])])
    found = PlainPattern(_KEYS).tokens(lines_of(b"".join(lines), starts=starts))
    for number, line in enumerate(lines):
        row = _read(line)
        plain = row is not None and all(type(value) not in {dict, list} for value in row.values())
        if found["taken"][number] is None:
            assert not plain or list(row or {}) != _KEYS or _is_odd(line)
            continue
        assert row is not None
        assert list(row) == _KEYS
        for place, value in enumerate(row.values()):
            token = found.to_series(place).slice(number, 1)
            if value is None:
                assert token[0] == "null"
                continue
            form = form_of(token)
            assert form is not None
            assert form == {str: "string", Number: "number", bool: "boolean"}[type(value)]
            assert texts_of(token, form="json")[0] == json_text(value)
            exact = value if isinstance(value, str) else json_text(value)
            assert texts_of(token, form=form)[0] == exact


def _read(line: bytes) -> dict[str, Any] | None:
    try:
        return read_object(line.decode().strip(" \t\r\n"))
    except UnreadableJsonError:
        return None


def _is_odd(line: bytes) -> bool:
    """JSON that Python alone accepts, and escapes in the range of halves, go to the decoder."""
    return any(odd in line for odd in (b"NaN", b"Infinity", b"\\ud", b"\\uD"))


_ROWS = st.lists(
    st.sampled_from(
        [b'{"a": 1, "b": "x"}', b'{"a": 2.50, "b": null}', b'{"b": "y", "a": 1e3}', b'{"a": 3}',
         b'{"a": "s", "b": "\\n\\u00e9"}', b'{"a": true, "b": "\xc3\xa9"}', b'{"a": [1.0], "c": 1}',
         b"", b"broken", b'{"a": 1, "a": 2}', b'{"a": null, "b": null}', b'{"b": "\xff", "a": 1}',
         b'{"a":' + b" " * 300 + b'4, "b": "z"}']
    ),
    min_size=1,
    max_size=8,
)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(odd=_ROWS, usual=st.integers(0, 50), end=st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_a_file_is_the_same_both_ways(
    monkeypatch: pytest.MonkeyPatch, odd: list[bytes], usual: int, end: bytes
) -> None:
    rows = [odd[0], *[b'{"a": 7, "b": "usual"}'] * usual, *odd[1:], *[b'{"a": 8, "b": ""}'] * usual]
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "x.jsonl")
        source.write_bytes(end.join(rows) + end)
        both = []
        for name, worth in (("columns", 0), ("rows", 2**40)):
            monkeypatch.setattr(jsonl_rows, "_WORTH_BYTES", worth)
            both.append(_outcome(source, Path(folder, name)))
        assert both[0] == both[1]


def _outcome(source: Path, sink: Path) -> object:
    try:
        report = convert(source, sink, options=ConversionOptions(max_row_bytes=1024))
    except ConversionError as error:
        return str(error)
    shown = report.model_dump(exclude={"parts", "bytes_out", "profile"})  # sums in any order
    return shown, parquet_table(sink).to_pydict(), quarantined(sink)
