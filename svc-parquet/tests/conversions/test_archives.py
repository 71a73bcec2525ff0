"""Archives and trees: every file is a table or listed, whatever the archive is up to."""

import gzip
import io
import json
import random
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from conversion_reference import Convert, ConvertFile, csv_cells, parquet_table

from shared_lib.contracts.conversions import FileReport
from svc_parquet.commands.convert import command
from svc_parquet.conversions.errors import (
    DamagedFileError,
    DecompressionLimitError,
    NoTablesError,
    SeveralTablesError,
    TooManyEntriesError,
    UnsafeEntryError,
    UnsupportedFormatError,
)

Files = dict[str, bytes]


def _zip(files: Files) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return sink.getvalue()


def _tar(files: Files) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return sink.getvalue()


def _xlsx(*sheets: str) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name in sheets:
        sheet = book.create_sheet(name)
        sheet.append(["id", "sheet"])
        sheet.append([7, name])
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def _tables(answer: tuple[FileReport, Path]) -> dict[tuple[str | None, str | None], Any]:
    report, sink = answer
    return {
        (made.report.source.path, made.report.source.name): parquet_table(
            sink / made.folder
        ).to_pydict()
        for made in report.tables
    }


def _refused(answer: tuple[FileReport, Path]) -> dict[str | None, str]:
    return {each.source.path: each.code for each in answer[0].not_converted}


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("x.zip", _zip),
        ("x.tar", _tar),
        ("x.tar.gz", lambda files: gzip.compress(_tar(files))),
        ("any", lambda files: gzip.compress(_zip(files))),
    ],
    ids=["zip", "tar", "tar.gz", "zip.gz"],
)
def test_the_tree_is_kept_and_the_rest_is_listed(
    run_file: ConvertFile, name: str, pack: Callable[[Files], bytes]
) -> None:
    files = {
        "top.csv": b"a\n007\n",
        "2024/may/book.xlsx": _xlsx("One", "Two"),
        "2024/june/book.xlsx": _xlsx("Six"),
        "2024/june/lines.jsonl.gz": gzip.compress(b'{"a": 1}\n'),
        "2024/june/empty.csv": b"",
        "notes.md": b"no table",
        "picture.csv": b"\x89PNG\r\n\x1a\n" + b"\0" * 50,
        "inner.zip": _zip({"deep/er/x.tsv": b"a\tb\n1\t2\n"}),
    }
    answer = run_file(pack(files), name=name)
    assert _tables(answer) == {
        ("top.csv", None): {"a": ["007"]},
        ("2024/may/book.xlsx", "One"): {"id": [7], "sheet": ["One"]},
        ("2024/may/book.xlsx", "Two"): {"id": [7], "sheet": ["Two"]},
        ("2024/june/book.xlsx", "Six"): {"id": [7], "sheet": ["Six"]},
        ("2024/june/lines.jsonl.gz", None): {"a": [1]},
        ("inner.zip/deep/er/x.tsv", None): {"a": [1], "b": [2]},
    }
    assert _refused(answer) == {
        "2024/june/empty.csv": "empty_file",
        "notes.md": "left_out",
        "picture.csv": "unsupported_format",
    }
    made = answer[0].tables[1]
    assert (made.report.source.folder, made.report.source.subfolders) == ("2024", ["may"])
    metadata = pq.read_metadata(answer[1] / made.folder / "part-00000.parquet").metadata
    assert json.loads(metadata[b"datafleet.source"])["subfolders"] == ["may"]
    assert not list(answer[1].glob(".*"))


def test_names_that_lead_out_and_links_are_listed_not_followed(run_file: ConvertFile) -> None:
    secret = "/etc/passwd"
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        for name, kind in (("link.csv", tarfile.SYMTYPE), ("hard.csv", tarfile.LNKTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, secret
            archive.addfile(info)
        for name in ("../up.csv", "a/../../up.csv", "/abs.csv", "good.csv"):
            info = tarfile.TarInfo(name)
            info.size = 4
            archive.addfile(info, io.BytesIO(b"a\n1\n"))
    answer = run_file(sink.getvalue(), name="x.tar")
    assert _tables(answer) == {("good.csv", None): {"a": [1]}}
    assert set(_refused(answer).values()) == {"unsafe_entry"}
    assert len(_refused(answer)) == 5

    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive_:
        link = zipfile.ZipInfo("link.csv")
        link.external_attr = 0o120777 << 16
        archive_.writestr(link, secret)
        for name in ("../up.csv", "C:/x.csv", "a\\b.csv", "good.csv"):
            archive_.writestr(name, b"a\n1\n")
    answer = run_file(zipped.getvalue(), name="x.zip")
    assert _tables(answer) == {("good.csv", None): {"a": [1]}}
    assert set(_refused(answer).values()) == {"unsafe_entry"}
    with pytest.raises(UnsafeEntryError):
        run_file(_zip({"../up.csv": b"a\n1\n"}), name="x.zip")


def test_bombs_are_refused(run_file: ConvertFile) -> None:
    dense = _zip({"x.csv": b"a,b\n" + b"1,1\n" * 20_000_000})
    with pytest.raises(DecompressionLimitError, match="max_decompression_ratio"):
        run_file(dense, name="x.zip")
    nested = _zip({"x.csv": b"a\n1\n"})
    for _ in range(4):
        nested = _zip({"x.zip": nested})
    with pytest.raises(DecompressionLimitError, match="archives deep"):
        run_file(nested, name="x.zip")
    with pytest.raises(DecompressionLimitError):
        run_file(_zip({"x.csv": b"a\n" * 5000}), name="x.zip", max_decompressed_bytes=1000)


def test_a_directory_of_a_million_entries_is_not_read(run_file: ConvertFile) -> None:
    entry = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, *[0] * 6)
    directory = (entry + b"x") * 1_000_000
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 65535, 65535, len(directory), 4, 0)
    with pytest.raises(TooManyEntriesError):
        run_file(b"PK\x03\x04" + directory + end, name="x.zip")


def test_damaged_empty_and_other_archives(run: Convert, run_file: ConvertFile) -> None:
    whole = _zip({"x.csv": b"a\n1\n" * 1000, "y.csv": b"a\n2\n"})
    with pytest.raises(DamagedFileError):
        run_file(whole[:50], name="x.zip")
    flipped = bytearray(whole)
    flipped[40] ^= 0xFF
    assert _refused(run_file(bytes(flipped), name="x.zip")) == {"x.csv": "damaged_file"}
    with pytest.raises(NoTablesError):
        run_file(_zip({}), name="x.zip")
    with pytest.raises(UnsupportedFormatError, match="Word"):
        run_file(_zip({"word/document.xml": b"<x/>"}), name="x.docx")
    with pytest.raises(SeveralTablesError):
        run(whole, name="x.zip")
    with pytest.raises(DamagedFileError):
        run_file(_tar({"x.csv": b"a\n" * 9000})[:5000], name="x.tar")


_ENDS = {"lf": "\n", "crlf": "\r\n", "cr": "\r"}
_KINDS = ("csv", "tsv", "txt", "commented", "mixed ends", "empty", "jsonl", "json", "xlsx",
          "parquet", "csv.gz", "html")  # fmt: skip


def _file(kind: str, number: int, chance: random.Random) -> tuple[str, bytes, int]:
    """A file of the tree: its ending, its bytes, and how many tables it holds."""
    rows = [["id", "zip", "text"]]
    rows += [[str(number * 100 + i), f"{i:05d}", f"n {i}"] for i in range(chance.randint(1, 40))]
    end = _ENDS[chance.choice(sorted(_ENDS))]
    objects = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    joined = {sep: end.join(sep.join(row) for row in rows) + end for sep in ",;\t|"}
    if kind == "xlsx":
        count = chance.randint(1, 3)
        return "xlsx", _xlsx(*(f"Sheet {i}" for i in range(count))), count
    if kind == "parquet":
        sink = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(objects), sink)
        return "parquet", sink.getvalue(), 1
    html = "".join("<tr><td>" + "<td>".join(row) for row in rows)
    texts = {
        "csv": joined[chance.choice(",;")],
        "tsv": joined["\t"],
        "txt": joined["|"],
        "commented": f"# made by hand{end}# twice{end}" + joined["\t"],
        "mixed ends": "a,b\r\n1,2\r3,4\n5,6\r\n",
        "empty": "",
        "jsonl": "\n".join(map(json.dumps, objects)),
        "json": json.dumps(objects, indent=chance.choice([None, 1])),
        "csv.gz": joined[","],
        "html": f"<table>{html}</table>",
    }
    ending = {"commented": "tsv", "mixed ends": "csv", "empty": "csv"}.get(kind, kind)
    content = texts[kind].encode()
    return ending, gzip.compress(content) if kind == "csv.gz" else content, int(kind != "empty")


def test_a_tree_of_five_hundred_files(tmp_path: Path) -> None:
    """Six levels deep, mixed formats: each file is converted or listed, and the tree is kept."""
    chance = random.Random(5)
    expected: dict[str, int] = {}
    for number in range(504):
        folders = [f"level {i} {chance.randint(0, 2)}" for i in range(number % 7)]
        folder = tmp_path.joinpath("in", *folders)
        folder.mkdir(parents=True, exist_ok=True)
        ending, content, tables = _file(_KINDS[number % len(_KINDS)], number, chance)
        path = folder / f"file {number}.{ending}"
        path.write_bytes(content)
        expected[str(path)] = tables
    arguments = [str(tmp_path / "in"), "--to", str(tmp_path / "out"), "--json"]
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 1, result.output
    found: dict[str, int] = dict.fromkeys(expected, 0)
    for line in map(json.loads, result.stdout.splitlines()):
        if not line["ok"]:
            assert line["error"]["code"] == "empty_file", line
            continue
        found[line["file"]] += 1
        output = Path(line["outputs"][0])
        source = Path(line["file"]).relative_to(tmp_path / "in")
        assert (
            output.relative_to(tmp_path / "out").parts[: len(source.parts) - 1]
            == (source.parts[:-1])
        )
        table = pq.read_table(output)
        assert table.num_rows == line["report"]["rows"] > 0
        if table.column_names == ["id", "zip", "text"]:
            assert all(len(value) == 5 for value in table.column("zip").to_pylist())
        elif "sheet" not in table.column_names:
            assert table.to_pydict() == {"a": [1, 3, 5], "b": [2, 4, 6]}
    assert found == expected
    assert csv_cells("a,b\r\n1,2\r3,4\n5,6\r\n")[1:] == [["1", "2"], ["3", "4"], ["5", "6"]]
