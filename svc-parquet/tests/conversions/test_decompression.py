"""Compressed files give what they hold, whatever compressed them, or say where they are damaged."""

import bz2
import gzip
import lzma
from collections.abc import Callable

import pytest
from backports import zstd
from conversion_reference import Convert, parquet_table, quarantined

from shared_lib.contracts.conversions import Compression
from svc_parquet.conversions.errors import (
    CorruptCompressionError,
    DecompressionLimitError,
    TruncatedCompressionError,
)

Compress = Callable[[bytes], bytes]


def _zstd_with_checksum(data: bytes) -> bytes:
    """As the command does it; without a checksum no reader can tell every damage."""
    return zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1})


_KINDS: list[tuple[Compression, Compress]] = [
    ("gzip", gzip.compress),
    ("bzip2", bz2.compress),
    ("zstd", _zstd_with_checksum),
    ("xz", lzma.compress),
]
KINDS = pytest.mark.parametrize(("name", "compress"), _KINDS, ids=[name for name, _ in _KINDS])
NUMBERS = "".join(f"{i},{i * 7}\n" for i in range(10_000)).encode()


@KINDS
@pytest.mark.parametrize(
    ("file_name", "content"),
    [
        ("x.csv", b'a,b\n007,"x\ny"\n'),
        ("x.tsv", b'a\tb\n007\t"x\ny"\n'),
        ("x.txt", b'a|b\n007|"x\ny"\n'),
        ("x.jsonl", b'{"a": "007", "b": "x\\ny"}\n'),
        ("x.json", b'[\n{"a": "007",\n "b": "x\\ny"}]'),
    ],
)
def test_every_text_format_in_every_compression(
    run: Convert, name: str, compress: Compress, file_name: str, content: bytes
) -> None:
    report, sink = run(compress(content), name=file_name)
    assert parquet_table(sink).to_pydict() == {"a": ["007"], "b": ["x\ny"]}
    assert report.decisions.compression == name


@KINDS
def test_several_members_without_an_ending(run: Convert, name: str, compress: Compress) -> None:
    padding = b"\0" * 100
    report, sink = run(compress(b"a,b\n1,2\n") + compress(b"3,4\n") + padding, name="data")
    assert parquet_table(sink).to_pydict() == {"a": [1, 3], "b": [2, 4]}
    assert report.decisions.compression == name


@KINDS
def test_blocks_and_surprises_past_the_sample(run: Convert, name: str, compress: Compress) -> None:
    pad = "x" * 100
    lines = [f"{i},{i},{pad}" for i in range(90_000)]
    lines[85_000] = "85000"
    lines[-1] = f"89999,007,{pad}"
    report, sink = run(compress(("a,b,c\n" + "\n".join(lines) + "\n").encode()))
    assert report.rows == 89_999
    assert parquet_table(sink).column("b")[-1].as_py() == "007"
    assert [entry["line"] for entry in quarantined(sink)] == [85_002]


@KINDS
def test_damage_is_refused_with_its_place(run: Convert, name: str, compress: Compress) -> None:
    whole = compress(NUMBERS)
    with pytest.raises(TruncatedCompressionError) as cut:
        run(whole[:-20])
    assert cut.value.place["byte"] == len(whole) - 20
    with pytest.raises(CorruptCompressionError):
        run(whole[:500] + bytes([whole[500] ^ 0xFF]) + whole[501:])
    with pytest.raises((CorruptCompressionError, TruncatedCompressionError)):
        run(whole + b"garbage")


@KINDS
def test_what_unpacks_to_too_much_is_refused(run: Convert, name: str, compress: Compress) -> None:
    with pytest.raises(DecompressionLimitError):
        run(compress(b"a,b\n" + b"1,2\n" * 300_000), max_decompressed_bytes=1_000_000)


def test_a_bomb_is_refused(run: Convert) -> None:
    with pytest.raises(DecompressionLimitError):
        run(_zstd_with_checksum(b"a,b\n" + b"1,2\n" * 20_000_000), max_decompression_ratio=10)


def test_a_stream_that_wants_much_memory_is_refused(run: Convert) -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 30, "preset": 0}]
    greedy = bytearray(lzma.compress(NUMBERS, filters=[{**filters[0], "dict_size": 1 << 20}]))
    with pytest.raises(DecompressionLimitError):
        run(bytes(_with_dictionary_of_a_gigabyte(greedy)))


def _with_dictionary_of_a_gigabyte(data: bytearray) -> bytearray:
    """An xz file whose block header asks for 1 GiB; its checksum is mended."""
    import zlib  # noqa: PLC0415 - beside its one use

    header = data[12 : 12 + (data[12] + 1) * 4]
    place = header.index(b"\x21\x01") + 2
    header[place] = 36
    header[-4:] = zlib.crc32(header[:-4]).to_bytes(4, "little")
    data[12 : 12 + len(header)] = header
    return data
