"""Whatever table is written as text, every cell comes back."""

import json
import tempfile
from pathlib import Path

from conversion_reference import assert_cells, csv_cells, keeps, parquet_table, quarantined
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from shared_lib.contracts.conversions import ConversionOptions
from svc_parquet.conversions.convert import convert

_EDGES = [
    0, 1, -1, 2**31, 2**53, 2**53 + 1, 2**63 - 1, -(2**63), 2**63, 2**64, 2**64 + 1, 10**38 - 1,
    10**38,
]  # fmt: skip
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_SHARP = st.text('",;\t|\n\r \u00e9\u6771\U0001f680\x000Aa', max_size=6)
_WORDS = st.sampled_from(
    ["", "NA", "null", "007", "+5", "-0", "-0.0", "1e5", "1E+05", "nan", "inf", "1e400", " 1",
     "1,5", "true", "false", "True", "2024-02-30", "2024-1-5", "01/02/2024", "0x1F", "1_000",
     "\u0661"]
)  # fmt: skip
_FLOATS = st.floats(allow_nan=False, allow_infinity=False)
_COLUMNS = [
    _TEXT,
    _SHARP,
    _WORDS,
    st.integers().map(str),
    st.sampled_from(_EDGES).map(str),
    _FLOATS.map(repr),
    st.decimals(allow_nan=False, allow_infinity=False, places=2).map(lambda d: f"{d:f}"),
    st.decimals(-1000, 1000, allow_nan=False).map(lambda d: f"{d:f}"),
    st.dates().map(lambda d: d.isoformat()),
    st.datetimes().map(lambda d: d.isoformat(sep=" ", timespec="seconds")),
    st.datetimes().map(lambda d: d.isoformat(timespec="microseconds") + "Z"),
    st.booleans().map(lambda b: str(b).lower()),
]
_COLUMN = st.one_of(*map(st.just, _COLUMNS), st.just(st.one_of(*_COLUMNS)))


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    kinds = draw(st.lists(_COLUMN, min_size=2, max_size=5))
    return draw(st.lists(st.tuples(*kinds).map(list), min_size=1, max_size=12))


def _written(rows: list[list[str]], *, delimiter: str, newline: str, quote_all: bool) -> str:
    """Quoted as RFC 4180 asks; the csv module leaves a lone carriage return unquoted."""
    special = {delimiter, '"', "\r", "\n"}
    lines = [
        delimiter.join(
            '"' + cell.replace('"', '""') + '"' if quote_all or special & set(cell) else cell
            for cell in row
        )
        for row in rows
    ]
    return newline.join(lines) + newline


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    rows=tables(),
    delimiter=st.sampled_from(",;\t|"),
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
    quote_all=st.booleans(),
)
@example(rows=[["a\rb", "x"]], delimiter=",", newline="\n", quote_all=False)
def test_delimited_text(
    rows: list[list[str]], delimiter: str, newline: str, quote_all: bool
) -> None:
    names = [f"name {place}" for place in range(len(rows[0]))]
    text = _written([names, *rows], delimiter=delimiter, newline=newline, quote_all=quote_all)
    assert csv_cells(text, delimiter=delimiter)[1:] == rows
    with tempfile.TemporaryDirectory() as folder:
        source, sink = Path(folder, "data.csv"), Path(folder, "sink")
        source.write_bytes(text.encode())
        options = ConversionOptions(delimiter=delimiter, header=True, format="csv")
        report = convert(source, sink, options=options)
        assert quarantined(sink) == []
        assert_cells(rows, sink, report, names=names)
        if quote_all:
            table = parquet_table(sink)
            for place, values in enumerate(zip(*rows, strict=True)):
                if "" in values:
                    assert table.column(place).to_pylist() == list(values)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | _FLOATS | _TEXT | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)
_OBJECTS = st.lists(
    st.dictionaries(st.sampled_from(["a", "b", "\u00e9", "", "d"]), _VALUES, max_size=5),
    min_size=1,
    max_size=10,
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=_OBJECTS, ascii_only=st.booleans())
@example(rows=[{"": None}], ascii_only=False)
def test_json_lines(rows: list[dict[str, object]], ascii_only: bool) -> None:
    rows = [{"a": 1}, *rows]
    text = "\n".join(json.dumps(row, ensure_ascii=ascii_only) for row in rows) + "\n"
    with tempfile.TemporaryDirectory() as folder:
        source, sink = Path(folder, "data.jsonl"), Path(folder, "sink")
        source.write_bytes(text.encode())
        report = convert(source, sink)
        assert quarantined(sink) == []
        table = parquet_table(sink)
        for decision in report.decisions.columns:
            written = [row.get(decision.name) for row in rows]
            kinds = {_kind(value) for value in written if value is not None}
            for value, stored in zip(written, table.column(decision.name).to_pylist(), strict=True):
                if value is None:
                    assert stored is None
                elif len(kinds) > 1 or kinds == {"nested"}:
                    assert json.loads(stored) == value
                elif kinds == {"boolean"}:
                    assert stored is value
                else:
                    shown = value if isinstance(value, str) else json.dumps(value)
                    assert keeps(
                        shown, stored, type_name=decision.type, spelling=decision.format
                    ), (decision, shown, stored)


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return "string" if isinstance(value, str) else "nested"
