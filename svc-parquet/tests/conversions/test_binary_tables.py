"""Formats that say their types: every value is compared with what pyarrow or fastavro wrote."""

import base64
import bz2
import datetime as dt
import gzip
import io
import json
import lzma
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

import fastavro
import pyarrow as pa
import pyarrow.feather
import pyarrow.orc
import pyarrow.parquet as pq
import pytest
from backports import zstd
from conversion_reference import Convert, parquet_table

from shared_lib.contracts.conversions import ConversionReport
from svc_parquet.conversions.errors import DamagedFileError


def _moment(*parts: int) -> dt.datetime:
    return dt.datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001 - as the files hold them


_MOMENT = _moment(2024, 1, 5, 10, 11, 12, 123456)
Write = Callable[[pa.Table], bytes]


def _parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, row_group_size=1000)
    return sink.getvalue()


def _arrow_file(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=1000)
    return sink.getvalue()


def _arrow_stream(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def _feather(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pa.feather.write_feather(table, sink, compression="zstd")
    return sink.getvalue()


def _orc(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pa.orc.write_table(table, sink)
    return sink.getvalue()


WRITERS = pytest.mark.parametrize(
    "write", [_parquet, _arrow_file, _arrow_stream, _feather, _orc], ids=lambda w: w.__name__
)


def _types(report: ConversionReport) -> dict[str, str]:
    return {column.name: column.type for column in report.decisions.columns}


@WRITERS
def test_plain_columns_keep_values_and_types(run: Convert, write: Write) -> None:
    columns: dict[str, list[Any]] = {
        "i": [2**63 - 1, -(2**63), None],
        "f": [0.1, -0.0, float("inf")],
        "t": ["007", "", None],
        "b": [True, None, False],
        "d": [dt.date(1, 1, 1), dt.date(9999, 12, 31), None],
        "m": [_MOMENT, None, _moment(1900, 1, 1)],
        "x": [Decimal("1.50"), Decimal("-99999999.99"), None],
    }
    table = pa.table(
        columns,
        schema=pa.schema(
            [
                ("i", pa.int64()),
                ("f", pa.float64()),
                ("t", pa.string()),
                ("b", pa.bool_()),
                ("d", pa.date32()),
                ("m", pa.timestamp("ns" if write is _orc else "us")),
                ("x", pa.decimal128(10, 2)),
            ]
        ),
    )
    report, sink = run(write(table), name="data")
    stored = parquet_table(sink)
    assert _types(report) == {
        "i": "int64", "f": "float64", "t": "string", "b": "boolean", "d": "date",
        "m": "datetime", "x": "decimal(10,2)",
    }  # fmt: skip
    moments = [
        None if m is None else m.replace(tzinfo=None) for m in stored.column("m").to_pylist()
    ]
    assert moments == columns["m"]
    del columns["m"]
    for name, values in columns.items():
        assert stored.column(name).to_pylist() == values, name
    assert str(stored.column("f")[1].as_py()) == "-0.0"


@WRITERS
def test_many_rows_keep_their_order(run: Convert, write: Write) -> None:
    rows = 70_000
    table = pa.table({"i": range(rows), "t": [f"text {i % 7}" for i in range(rows)]})
    report, sink = run(write(table), name="data")
    assert report.rows == rows
    assert parquet_table(sink).column("i").to_pylist() == list(range(rows))


def test_what_has_no_type_here_is_exact_text_or_a_wider_number(run: Convert) -> None:
    zone = dt.timezone(dt.timedelta(hours=2))
    table = pa.table(
        {
            "small": pa.array([1, -128], pa.int8()),
            "unsigned": pa.array([2**63 - 1, 0], pa.uint64()),
            "huge": pa.array([2**64 - 1, 0], pa.uint64()),
            "single": pa.array([0.1, 3.4e38], pa.float32()),
            "wide": pa.array([Decimal("1" * 50), None], pa.decimal256(60, 0)),
            "bytes": pa.array([b"\xff\x00", b""], pa.binary()),
            "time": pa.array([1, None], pa.time64("ns")),
            "span": pa.array([5, -5], pa.duration("ms")),
            "nothing": pa.nulls(2),
            "word": pa.array(["a", None]).dictionary_encode(),
            "local": pa.array(
                [dt.datetime(2024, 7, 1, 12, tzinfo=zone), None],
                pa.timestamp("ms", "Europe/Berlin"),
            ),
            "fine": pa.array([1700000000123456789, None], pa.timestamp("ns")),
            "list": pa.array([[1, None], []], pa.list_(pa.int64())),
            "nested": pa.array(
                [{"m": 1700000000123456789, "x": Decimal("1.50"), "b": b"\xff"}, None],
                pa.struct(
                    [("m", pa.timestamp("ns")), ("x", pa.decimal128(5, 2)), ("b", pa.binary())]
                ),
            ),
            "map": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())),
        }
    )
    report, sink = run(_arrow_file(table), name="data.arrow")
    stored = parquet_table(sink)
    assert stored.drop_columns(["local", "fine"]).to_pydict() == {
        "small": [1, -128],
        "unsigned": [2**63 - 1, 0],
        "huge": [Decimal(2**64 - 1), Decimal(0)],
        "single": pa.array([0.1, 3.4e38], pa.float32()).to_pylist(),
        "wide": ["1" * 50, None],
        "bytes": [base64.b64encode(b"\xff\x00").decode(), ""],
        "time": ["00:00:00.000000001", None],
        "span": [5, -5],
        "nothing": [None, None],
        "word": ["a", None],
        "list": ["[1,null]", "[]"],
        "nested": ['{"m":"2023-11-14 22:13:20.123456789","x":"1.50","b":"/w=="}', None],
        "map": ['[["k",1]]', None],
    }
    assert stored.column("local")[0].as_py() == dt.datetime(2024, 7, 1, 10, tzinfo=dt.UTC)
    assert stored.column("fine").cast(pa.int64()).to_pylist() == [1700000000123456789, None]
    reasons = {column.name: column.reason for column in report.decisions.columns}
    assert "Europe/Berlin" in reasons["local"]
    assert "2^63" in reasons["huge"]


def test_moments_of_96_bits_are_read_in_the_unit_that_reaches_them(run: Convert) -> None:
    for moments in ([_moment(2024, 1, 5, 1, 2, 3, 4)], [_moment(9999, 12, 31), None]):
        sink = io.BytesIO()
        pq.write_table(
            pa.table({"m": pa.array(moments, pa.timestamp("us"))}),
            sink,
            use_deprecated_int96_timestamps=True,
        )
        _, out = run(sink.getvalue(), name="spark.parquet")
        assert parquet_table(out).column("m").to_pylist() == moments


def test_names_that_cannot_be_kept_are_told(run: Convert) -> None:
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2]), pa.array([3])], ["a", "a", ""])
    report, sink = run(_arrow_file(table), name="x")
    assert parquet_table(sink).to_pydict() == {"a": [1], "a_2": [2], "column_3": [3]}
    assert [column.source_name for column in report.decisions.columns] == [None, "a", ""]


def test_types_can_be_overruled_and_are_proved(run: Convert) -> None:
    table = pa.table({"zip": ["501", "94110"], "n": [1, 2], "x": [0.5, 1.0]})
    report, sink = run(_parquet(table), name="x", schema={"zip": "int64", "n": "string"})
    assert parquet_table(sink).to_pydict() == {"zip": [501, 94110], "n": ["1", "2"], "x": [0.5, 1]}
    report, sink = run(_parquet(pa.table({"zip": ["007", "1"]})), name="x", schema={"zip": "int64"})
    assert parquet_table(sink).to_pydict() == {"zip": ["007", "1"]}
    assert report.widened[0].example == "007"


def test_a_table_without_rows_keeps_its_columns(run: Convert) -> None:
    report, sink = run(_parquet(pa.table({"a": pa.array([], pa.int32())})), name="x")
    assert report.rows == 0
    assert parquet_table(sink).schema.names == ["a"]


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, zstd.compress, lzma.compress])
def test_a_compressed_one_is_unpacked_first(
    run: Convert, compress: Callable[[bytes], bytes]
) -> None:
    report, sink = run(compress(_parquet(pa.table({"a": [1]}))), name="x.parquet.any")
    assert parquet_table(sink).to_pydict() == {"a": [1]}
    assert report.decisions.compression != "none"
    assert {path.name for path in sink.iterdir()} == {"part-00000.parquet", "preview.json"}


@WRITERS
def test_damage_is_refused(run: Convert, write: Write) -> None:
    whole = write(pa.table({"a": list(range(10_000)), "t": ["x" * 20] * 10_000}))
    with pytest.raises(DamagedFileError):
        run(whole[: len(whole) // 2], name="x")


_SCHEMA = {
    "type": "record",
    "name": "row",
    "fields": [
        {"name": "i", "type": ["null", "long"]},
        {"name": "x", "type": {
            "type": "bytes", "logicalType": "decimal", "precision": 20, "scale": 2}},
        {"name": "m", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "d", "type": {"type": "int", "logicalType": "date"}},
        {"name": "f", "type": "double"},
        {"name": "t", "type": "string"},
        {"name": "u", "type": {"type": "string", "logicalType": "uuid"}},
        {"name": "raw", "type": "bytes"},
        {"name": "either", "type": ["null", "long", "string"]},
        {"name": "tags", "type": {"type": "array", "items": "string"}},
        {"name": "inner", "type": {
            "type": "record", "name": "inner", "fields": [{"name": "n", "type": "long"}]}},
    ],
}  # fmt: skip


@pytest.mark.parametrize("codec", ["null", "deflate", "snappy", "zstandard", "bzip2", "xz"])
def test_avro(run: Convert, codec: str) -> None:
    uuid = UUID(int=7)
    rows: list[dict[str, Any]] = [
        {"i": i if i % 3 else None, "x": Decimal("12345678901234567.50"),
         "m": _MOMENT.replace(tzinfo=dt.UTC), "d": dt.date(2024, 1, 5), "f": i / 8, "t": "007",
         "u": uuid, "raw": b"\xff", "either": "late" if i == 20_999 else i, "tags": ["a"],
         "inner": {"n": 2**60}}
        for i in range(21_000)
    ]  # fmt: skip
    sink = io.BytesIO()
    fastavro.writer(sink, fastavro.parse_schema(_SCHEMA), rows, codec=codec)
    report, out = run(sink.getvalue(), name="x.avro")
    stored = parquet_table(out).to_pylist()
    assert report.decisions.format == "avro"
    for row, kept in zip(rows, stored, strict=True):
        assert kept == row | {
            "u": str(uuid),
            "raw": "/w==",
            "either": json.dumps(row["either"]),
            "tags": '["a"]',
            "inner": f'{{"n":{2**60}}}',
        }
    with pytest.raises(DamagedFileError):
        run(sink.getvalue()[: len(sink.getvalue()) // 2], name="x.avro")
