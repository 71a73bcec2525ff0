"""The fast reader, the exact one and the csv module agree, wherever blocks end."""

import csv
import io
from pathlib import Path
from typing import Any
from unittest import mock

import polars as pl
import pytest
from conversion_reference import quarantined
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared_lib.contracts.conversions import ConversionOptions
from svc_parquet.conversions import csv_frames
from svc_parquet.conversions.csv_frames import CsvFrames
from svc_parquet.conversions.dialect import Dialect
from svc_parquet.conversions.errors import RowTooLargeError
from svc_parquet.conversions.quarantine import Quarantine

_PIECES = st.sampled_from(
    [
        "a",
        "bc",
        "1",
        ",",
        ",",
        "\n",
        "\n",
        "\r\n",
        '"',
        '""',
        '"x"',
        '"p,q"',
        '"r\ns"',
        ",,",
        "\u00e9",
    ]
)
_TEXT = st.lists(_PIECES, max_size=60).map("".join)

Outcome = tuple[list[tuple[Any, ...]], list[dict[str, Any]], int]


def _read(
    data: bytes, folder: Path, *, width: int, block: int = 8 << 20, fast: bool = True
) -> Outcome:
    source = folder / "data.csv"
    source.write_bytes(data)
    quarantine = Quarantine(folder, on_bad_rows="quarantine")
    reader = CsvFrames(
        source,
        dialect=Dialect(delimiter=",", newline="lf", width=width),
        options=ConversionOptions(),
        quarantine=quarantine,
    )
    with mock.patch.object(csv_frames, "BLOCK_BYTES", block):
        if not fast:
            reader._parse = lambda *_: None  # type: ignore[method-assign]
        rows = [row for frame in reader for row in frame.rows()]
    quarantine.close()
    return rows, quarantined(folder), reader.blank_lines


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=_TEXT, width=st.integers(1, 4), block=st.integers(1, 40))
def test_any_text_reads_the_same_however_it_is_read(
    tmp_path: Path, text: str, width: int, block: int
) -> None:
    data = text.encode()
    whole = _read(data, tmp_path, width=width)
    assert whole == _read(data, tmp_path, width=width, fast=False)
    rows, entries, blank = _read(data, tmp_path, width=width, block=block)
    assert (rows, blank) == (whole[0], whole[2])
    assert [e["byte"] for e in entries] == [e["byte"] for e in whole[1]]
    for entry in entries:
        assert data[entry["byte"] :].startswith(entry["text"].encode())
        assert entry["line"] == len(data[: entry["byte"]].replace(b"\r\n", b"\n").split(b"\n"))


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=_TEXT, block=st.integers(1, 40))
def test_what_is_not_damaged_reads_as_the_csv_module_reads_it(
    tmp_path: Path, text: str, block: int
) -> None:
    rows, entries, _ = _read(text.encode(), tmp_path, width=2, block=block)
    if any("quote" in entry["reason"] for entry in entries):
        return
    expected = [row for row in csv.reader(io.StringIO(text, newline="")) if len(row) == 2]
    assert [[cell or "" for cell in row] for row in rows] == expected


def test_a_long_unclosed_quote_costs_one_line(tmp_path: Path) -> None:
    data = b'a,b\n1,"open\n' + b"2,x\n" * 5000
    source = tmp_path / "data.csv"
    source.write_bytes(data)
    quarantine = Quarantine(tmp_path, on_bad_rows="quarantine")
    reader = CsvFrames(
        source,
        dialect=Dialect(delimiter=",", newline="lf", width=2),
        options=ConversionOptions(max_row_bytes=2048),
        quarantine=quarantine,
    )
    assert pl.concat(reader).height == 5001
    quarantine.close()
    assert [entry["line"] for entry in quarantined(tmp_path)] == [2]


@pytest.mark.parametrize("quote", [b"", b'"'])
def test_a_row_beyond_the_limit_is_refused_with_its_place(tmp_path: Path, quote: bytes) -> None:
    source = tmp_path / "data.csv"
    source.write_bytes(b"a,b\n1,2\n" + quote + b"x" * 10_000 + b"\n")
    reader = CsvFrames(
        source,
        dialect=Dialect(delimiter=",", newline="lf", width=2),
        options=ConversionOptions(max_row_bytes=2048),
        quarantine=Quarantine(tmp_path, on_bad_rows="quarantine"),
    )
    with pytest.raises(RowTooLargeError) as error:
        list(reader)
    assert error.value.place == {"line": 3, "byte": 8}
