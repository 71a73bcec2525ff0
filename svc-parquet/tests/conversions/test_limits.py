"""Memory stays bounded, disks fill up, and nothing half done is left behind."""

import gzip
from pathlib import Path

import pytest
from conversion_reference import Convert, in_child

from shared_lib.contracts.conversions import ConversionOptions
from svc_parquet.conversions.convert import convert
from svc_parquet.conversions.errors import EmptyFileError, NoSpaceError


@pytest.mark.parametrize(
    ("name", "start"), [("x.csv", b"a,b\n1,2\n"), ("x.csv", b'a,b\n"'), ("x.jsonl", b'{"a": "')]
)
def test_a_line_of_200_mb_fails_fast_in_little_memory(
    tmp_path: Path, name: str, start: bytes
) -> None:
    source = tmp_path / name
    with source.open("wb") as file:
        file.write(start)
        for _ in range(200):
            file.write(b"x" * 1_000_000)
    outcome, memory = in_child(source, tmp_path / "sink")
    assert isinstance(outcome, list)
    assert outcome[0] == "row_too_large"
    assert memory < 150_000_000
    assert list((tmp_path / "sink").iterdir()) == []


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "start"),
    [("x.csv", b"a,b\n1,2\nx"), ("x.csv", b'a,b\n1,2\n"'), ("x.jsonl", b'{"a": 1}\n{"a": "')],
)
@pytest.mark.parametrize(
    ("filling", "code"),
    [("text", "row_too_large"), ("packed", "row_too_large"), ("hole", "encoding_undecided")],
)
def test_a_line_of_2_gb_is_refused_and_the_next_file_is_read(
    tmp_path: Path, name: str, start: bytes, filling: str, code: str
) -> None:
    source = tmp_path / (f"{name}.gz" if filling == "packed" else name)
    with gzip.open(source, "wb", 1) if filling == "packed" else source.open("wb") as file:
        file.write(start)
        if filling == "hole":
            file.truncate(2 * 2**30)  # read as NUL characters
        else:
            for _ in range(2048):
                file.write(b"x" * 2**20)
    outcome, memory = in_child(source, tmp_path / "sink")
    source.unlink()
    assert isinstance(outcome, list)
    assert outcome[0] == code
    assert memory < 150_000_000
    assert list((tmp_path / "sink").iterdir()) == []
    source = tmp_path / "good.csv"
    source.write_bytes(b"a,b\n1,2\n")
    assert in_child(source, tmp_path / "sink")[0] == 1


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    block = "".join(f'{i},"text, {i}",{i}.25,2024-01-05\n' for i in range(20_000)).encode()
    memory: list[int] = []
    for times in (50, 250):
        source = tmp_path / f"{times}.csv"
        with source.open("wb") as file:
            file.write(b"id,t,x,d\n")
            for _ in range(times):
                file.write(block)
        outcome, taken = in_child(source, tmp_path / "sink")
        assert outcome == 20_000 * times
        memory.append(taken)
    # What waits between the threads differs from run to run; what grew with the file would be 5.
    assert memory[1] < memory[0] * 2


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.fail("this test needs /dev/full; run it on Linux")
    source = tmp_path / "x.csv"
    source.write_bytes(b"a,b\n" + b"".join(b"%d,%d\n" % (i, i * i) for i in range(50_000)))
    sink = tmp_path / "sink"
    sink.mkdir()
    (sink / ".part-00000.parquet.unfinished").symlink_to("/dev/full")
    with pytest.raises(NoSpaceError) as error:
        convert(source, sink)
    assert error.value.failure == "infrastructure"
    assert list(sink.iterdir()) == []


def test_results_replace_those_of_an_earlier_conversion(tmp_path: Path) -> None:
    source, sink = tmp_path / "x.csv", tmp_path / "sink"
    source.write_bytes(b"a,b\n1,2\n3\n")
    sink.mkdir()
    (sink / "part-00007.parquet").write_bytes(b"stale")
    convert(source, sink)
    assert {p.name for p in sink.iterdir()} == {
        "part-00000.parquet",
        "preview.json",
        "quarantine.jsonl",
    }
    source.write_bytes(b"a,b\n1,2\n")
    convert(source, sink)
    assert {p.name for p in sink.iterdir()} == {"part-00000.parquet", "preview.json"}


def test_progress_only_grows_and_ends_at_the_total(tmp_path: Path) -> None:
    source = tmp_path / "x.csv"
    lines = [f"{i},{'long' * 20}" for i in range(200_000)] + ["x,y"]
    source.write_text("a,b\n" + "\n".join(lines))
    heard: list[tuple[int, int]] = []
    report = convert(
        source, tmp_path / "sink", progress=lambda done, total: heard.append((done, total))
    )
    assert report.passes == 2
    assert [done for done, _ in heard] == sorted(done for done, _ in heard)
    assert heard[-1] == (2 * source.stat().st_size, 2 * source.stat().st_size)


def test_failures_are_of_the_right_kind(run: Convert) -> None:
    with pytest.raises(EmptyFileError) as error:
        run(b"")
    assert error.value.failure == "user"
    assert error.value.status == 422


def test_a_missing_file_is_an_operating_system_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        convert(tmp_path / "none.csv", tmp_path / "sink", options=ConversionOptions())
