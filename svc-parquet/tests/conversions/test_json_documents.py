"""JSON documents: every value is in a table, or its bytes are in the quarantine."""

import datetime
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from conversion_reference import Convert, ConvertFile, in_child, parquet_table, quarantined
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared_lib.contracts.conversions import ConversionOptions, FileReport
from svc_parquet.conversions.convert import convert
from svc_parquet.conversions.errors import (
    MalformedRowsError,
    RowTooLargeError,
    SeveralTablesError,
)

FAR = 60_000


def _by_name(answer: tuple[FileReport, Path]) -> dict[str | None, dict[str, Any]]:
    report, sink = answer
    return {
        table.report.source.name: parquet_table(sink / table.folder).to_pydict()
        for table in report.tables
    }


def test_an_array_over_many_blocks_with_surprises_far_in(run: Convert) -> None:
    rows: list[Any] = [{"i": i, "v": 1, "pad": "x" * 100} for i in range(FAR)]
    rows[50_000]["late"] = "here"
    rows[-1]["v"] = 1.75
    for indent in (None, 1):
        report, sink = run(json.dumps(rows, indent=indent).encode(), name="x.json")
        table = parquet_table(sink)
        assert report.decisions.format == "json"
        assert table.column("i").to_pylist() == list(range(FAR))
        assert table.column("v").to_pylist() == [row["v"] for row in rows]
        assert table.column("late").to_pylist() == [row.get("late") for row in rows]


def test_numbers_keep_their_digits(run: Convert) -> None:
    text = b'[{"a": 9007199254740993, "b": 1e400, "c": 0.10000000000000001, "d": {"x": 1.50}}]'
    _, sink = run(text, name="x.json")
    (row,) = parquet_table(sink).to_pylist()
    assert {name: str(value) for name, value in row.items()} == {
        "a": "9007199254740993",
        "b": "1e400",
        "c": "0.10000000000000001",
        "d": '{"x":1.50}',
    }


def test_elements_that_are_no_objects(run: Convert) -> None:
    _, sink = run(b"[1, 2.5, null]", name="x.json")
    assert parquet_table(sink).to_pydict() == {"value": [1.0, 2.5, None]}
    _, sink = run(b'[[1, 2], ["a"]]', name="x.json")
    assert parquet_table(sink).to_pydict() == {"value": ["[1,2]", '["a"]']}
    _, sink = run(b'[{"a": 1}, 7]', name="x.json")
    assert parquet_table(sink).to_pydict() == {"a": [1, None], "value": [None, 7]}


@pytest.mark.parametrize(
    "broken",
    [
        b'{"a": tru}',
        b'{"a": 1 "b": 2}',
        b'{"a": [1, {"b": "]}, }"}, ]}',
        b'{"a": 1, "a": 2}',
        b'{"a": "\\ud800"}',
        b'{"a": "\xff"}',
        b"nonsense",
        b'{"a": "tab\there"}',
    ],
)
@pytest.mark.parametrize("rows", [2, 3000])
def test_a_broken_element_costs_itself_only(run: Convert, broken: bytes, rows: int) -> None:
    good = [b'{"a": %d, "pad": "%s"}' % (i, b"x" * 30) for i in range(rows)]
    place = len(b"[" + b",\n".join(good[:-1]) + b",\n")
    data = b"[" + b",\n".join([*good[:-1], broken, good[-1]]) + b"]"
    report, sink = run(data, name="x.json", max_row_bytes=64 * 1024)
    assert report.rows == rows
    (entry,) = quarantined(sink)
    assert (entry["line"], entry["byte"]) == (rows, place)
    if "text" in entry:
        assert entry["text"] == broken.decode()
    else:
        assert broken == b'{"a": "\xff"}'
        assert "encoding=cp1252" in entry["reason"]


def test_fail_on_bad_rows(run: Convert) -> None:
    with pytest.raises(MalformedRowsError) as error:
        run(b'[{"a": 1},\n{"a": tru}]', name="x.json", on_bad_rows="fail")
    assert error.value.place == {"line": 2, "byte": 11}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'[{"a": 1}, {"a": 2}', "cut short"),
        (b'[{"a": 1}, {"a": 2', "does not end"),
        (b'[{"a": 1}, {"a": "2', "does not end"),
        (b'[{"a": 1}] [2]', "follows the end"),
        (b'{\n"a": [{"x": 1}],\n"a": 2}', "occurs twice"),
        (b'{\n"a": 1\n"b": 2}', "comma"),
    ],
)
def test_a_document_that_is_cut_or_torn_is_refused(run: Convert, data: bytes, words: str) -> None:
    with pytest.raises(MalformedRowsError, match=words) as error:
        run(data, name="x.json")
    assert error.value.place["byte"] > 0


def test_an_element_longer_than_a_row_may_be_is_refused(run: Convert) -> None:
    with pytest.raises(RowTooLargeError):
        run(b'[{"a": "' + b"x" * 9000 + b'"}]', name="x.json", max_row_bytes=1024)


def test_other_encodings(run: Convert) -> None:
    text = '[{"a": "K\u00f6ln"}]'
    for codec, options in (("utf-16", {}), ("utf-8-sig", {}), ("cp1252", {"encoding": "cp1252"})):
        _, sink = run(text.encode(codec), name="x.json", **options)
        assert parquet_table(sink).to_pydict() == {"a": ["K\u00f6ln"]}


def test_a_document_gives_a_table_an_array_and_one_of_the_rest(run_file: ConvertFile) -> None:
    document = {
        "made": "2024-01-05",
        "people": [{"id": i, "tags": ["x"]} for i in range(3)],
        "numbers": [1, 2],
        "orders": [{"id": 7, "zip": "00501"}],
        "empty": [],
    }
    for indent in (None, 2):
        answer = run_file(json.dumps(document, indent=indent).encode(), name="x.json")
        assert _by_name(answer) == {
            "people": {"id": [0, 1, 2], "tags": ['["x"]'] * 3},
            "orders": {"id": [7], "zip": ["00501"]},
            "document": {
                "made": [datetime.date(2024, 1, 5)],
                "numbers": ["[1,2]"],
                "empty": ["[]"],
            },
        }


def test_a_document_of_one_array_is_one_table(run: Convert, run_file: ConvertFile) -> None:
    _, sink = run(b'{"data":\n [{"a": 1}]}', name="x.json")
    assert parquet_table(sink).to_pydict() == {"a": [1]}
    _, sink = run(b'{\n"a": 1,\n"b": {"c": [2]}}', name="x.json")
    assert parquet_table(sink).to_pydict() == {"a": [1], "b": ['{"c":[2]}']}
    with pytest.raises(SeveralTablesError, match="people, orders"):
        run(b'{"people": [{"a": 1}], "orders": [{"a": 1}]}', name="x.json")


_KEYS = st.text("ab\u00e9", max_size=2)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    rows=st.lists(st.fixed_dictionaries({"a": st.integers(), "b": _VALUES}), min_size=1),
    ascii_only=st.booleans(),
    indent=st.sampled_from([None, 1]),
)
def test_an_array_is_what_its_elements_are_as_lines(
    rows: list[Any], ascii_only: bool, indent: int | None
) -> None:
    """JSON lines are compared with a reference elsewhere; small blocks cut values anywhere."""
    with tempfile.TemporaryDirectory() as folder:
        array, lines = Path(folder, "x.json"), Path(folder, "x.jsonl")
        array.write_text(json.dumps(rows, ensure_ascii=ascii_only, indent=indent))
        lines.write_text("\n".join(json.dumps(row, ensure_ascii=ascii_only) for row in rows))
        options = ConversionOptions(max_row_bytes=1024)
        convert(array, Path(folder, "one"), options=options)
        convert(lines, Path(folder, "two"), options=options)
        assert parquet_table(Path(folder, "one")).equals(parquet_table(Path(folder, "two")))


@pytest.mark.long
def test_a_large_array_takes_bounded_memory(run_file: ConvertFile, tmp_path: Path) -> None:
    """200 MB of array cost no more memory than 40 MB."""
    memory = []
    for rows in (400_000, 2_000_000):
        source = tmp_path / f"{rows}.json"
        with source.open("w") as file:
            file.write("[")
            for i in range(rows):
                file.write(f'{"," if i else ""}\n{{"id": {i}, "text": "{"x" * 60}", "v": {i}.25}}')
            file.write("]")
        outcome, taken = in_child(source, tmp_path / "sink")
        assert outcome == rows
        memory.append(taken)
    assert memory[1] < memory[0] * 2
