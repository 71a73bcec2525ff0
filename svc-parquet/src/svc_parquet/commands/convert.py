"""`fleet convert`: files to lossless Parquet on this machine, without a server."""

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from svc_parquet.conversions.naming import ENDINGS, name_parts, safe_path, without_endings

if TYPE_CHECKING:
    from shared_lib.contracts.conversions import (
        ConversionOptions,
        ConversionReport,
        ConvertedTable,
        FileReport,
        NotConverted,
        TableSource,
    )
    from svc_parquet.conversions.readers.reader_process import ReaderProcess

Progress = Callable[[int, int], None]
_HARMLESS = {"empty_file"}
"""What a part may be refused for without the whole counting as failed."""


@click.command(name="convert", help="Convert files to typed, lossless Parquet.")
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--to",
    "target",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the results; made when missing.",
)
@click.option(
    "--format",
    "text_format",
    type=click.Choice(["csv", "tsv", "jsonl", "json"]),
    help="Told from the bytes when left out.",
)
@click.option("--encoding", help="Such as cp1252; UTF-8 and byte order marks are told.")
@click.option("--delimiter", help="One character; told when left out. Write \\t for a tab.")
@click.option("--header/--no-header", default=None, help="Whether the first row has the names.")
@click.option(
    "--null",
    "nulls",
    multiple=True,
    metavar="WORD",
    help="A text that means no value, besides the empty field. Repeat for more.",
)
@click.option(
    "--schema",
    multiple=True,
    metavar="COLUMN=TYPE",
    help="Give a column its type, such as zip=string. Repeat for more.",
)
@click.option(
    "--on-bad-rows",
    type=click.Choice(["quarantine", "fail"]),
    default="quarantine",
    show_default=True,
    help="Set bad rows aside, or fail at the first.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a file on standard output.")
def command(
    source: Path,
    *,
    target: Path,
    nulls: tuple[str, ...],
    schema: tuple[str, ...],
    as_json: bool,
    **given: Any,
) -> None:
    """Convert one file, or every table file below a folder; what is left out is listed.

    Exit codes: 0 all converted, 1 some file or part of one failed, 2 wrong usage, 130 interrupted.
    """
    options = _options(nulls=nulls, schema=schema, **given)
    jobs, left_out = _jobs(source, target)
    if not jobs:
        raise click.UsageError(
            f"No file below {source} ends in one of {', '.join(sorted(ENDINGS))}."
        )
    for file in left_out:
        _tell_left_out(file, as_json=as_json)
    from svc_parquet.conversions.readers.reader_process import (  # noqa: PLC0415 - when called
        ReaderProcess,
    )

    try:
        with ReaderProcess() as reader:
            failed = sum(
                not _convert_one(file, stem, options, reader=reader, as_json=as_json)
                for file, stem in jobs
            )
    except KeyboardInterrupt:
        click.echo("Interrupted; the file at work was left out.", err=True)
        sys.exit(130)
    if len(jobs) > 1 and not as_json:
        click.echo(f"{len(jobs) - failed} of {len(jobs)} files converted", err=True)
    sys.exit(1 if failed else 0)


def _options(
    *, nulls: tuple[str, ...], schema: tuple[str, ...], text_format: str | None, **given: Any
) -> "ConversionOptions":
    from pydantic import ValidationError  # noqa: PLC0415 - commands import what they use when called

    from shared_lib.contracts.conversions import ConversionOptions  # noqa: PLC0415 - as above

    if given["delimiter"] == "\\t":
        given["delimiter"] = "\t"
    types = dict(_column_type(text) for text in schema)
    try:
        return ConversionOptions.model_validate(
            {**given, "format": text_format, "null_values": ["", *nulls], "schema": types or None}
        )
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise click.UsageError(f"--{place.replace('_', '-')}: {first['msg']}") from error


def _column_type(text: str) -> tuple[str, str]:
    name, found, type_name = text.rpartition("=")
    if not found or not name:
        raise click.UsageError(f"--schema {text!r} is not COLUMN=TYPE, such as zip=string.")
    return name, type_name


def _jobs(source: Path, target: Path) -> tuple[list[tuple[Path, Path]], list[Path]]:
    """Files to convert, for each the result's path without `.parquet`, and files to leave out.

    `sales.csv` becomes `sales`; where two files would become the same, both keep their endings.
    """
    if source.is_file():
        return [(source, target / without_endings(source.name))], []
    found = [
        file
        for file in sorted(source.rglob("*"))
        if file.is_file() and not file.is_symlink() and target not in file.parents
    ]
    wanted = [file for file in found if file.name.lower().endswith(tuple(ENDINGS))]
    bare = [Path(without_endings(file.relative_to(source).as_posix())) for file in wanted]
    uses = Counter(bare)
    jobs = [
        (file, target / (stem if uses[stem] == 1 else file.relative_to(source)))
        for file, stem in zip(wanted, bare, strict=True)
    ]
    return jobs, [file for file in found if file not in set(wanted)]


def _convert_one(
    file: Path, stem: Path, options: "ConversionOptions", *, reader: "ReaderProcess", as_json: bool
) -> bool:
    """Convert one file and say how it went; False when it failed."""
    from shared_lib.contracts.errors import FleetError  # noqa: PLC0415 - imported when called

    try:
        with _progress(file.name, quiet=as_json) as progress:
            report, outputs = _run(file, stem, options, reader=reader, progress=progress)
    except (FleetError, OSError) as error:
        _tell_failure(file, error, as_json=as_json)
        return False
    for made, paths in zip(report.tables, outputs, strict=True):
        _tell_success(file, made.report, paths, as_json=as_json)
    for refused in report.not_converted:
        _tell_refused(file, refused, as_json=as_json)
    return not any(refused.code not in _HARMLESS for refused in report.not_converted)


def _run(
    file: Path,
    stem: Path,
    options: "ConversionOptions",
    *,
    reader: "ReaderProcess",
    progress: Progress,
) -> tuple["FileReport", list[list[Path]]]:
    """Convert into a hidden folder beside the result, then give the files their places."""
    import tempfile  # noqa: PLC0415 - imported when called

    from svc_parquet.conversions.convert import convert_file  # noqa: PLC0415 - polars, when called

    stem.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".converting-", dir=stem.parent) as folder:
        sink = Path(folder)
        report = convert_file(file, sink, options=options, progress=progress, reader=reader)
        names = name_parts([made.report.source for made in report.tables], file=stem.name)
        outputs = [
            _place(made, sink / made.folder, stem.parent / safe_path(name))
            for name, made in zip(names, report.tables, strict=True)
        ]
    return report, outputs


def _place(made: "ConvertedTable", sink: Path, stem: Path) -> list[Path]:
    """Give the results of a table their places; the paths they have then."""
    report, outputs = made.report, []
    stem.parent.mkdir(parents=True, exist_ok=True)
    for part in report.parts:
        number = f".{part.name[5:10]}" if len(report.parts) > 1 else ""
        outputs.append(stem.with_name(f"{stem.name}{number}.parquet"))
        (sink / part.name).replace(outputs[-1])
    quarantine = stem.with_name(f"{stem.name}.quarantine.jsonl")
    quarantine.unlink(missing_ok=True)
    if report.quarantine.file:
        (sink / report.quarantine.file).replace(quarantine)
        outputs.append(quarantine)
    return outputs


@contextmanager
def _progress(name: str, *, quiet: bool) -> Iterator[Progress]:
    """A bar on a terminal's standard error, nothing elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.console import Console  # noqa: PLC0415 - imported when called
    from rich.progress import Progress as Bar  # noqa: PLC0415 - imported when called

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _tell_success(
    file: Path, report: "ConversionReport", outputs: list[Path], *, as_json: bool
) -> None:
    if as_json:
        dumped = report.model_dump(mode="json", by_alias=True)
        names = [str(path) for path in outputs]
        click.echo(json.dumps({"file": str(file), "ok": True, "outputs": names, "report": dumped}))
        return
    change = round(100 * (report.bytes_out / report.bytes_in - 1)) if report.bytes_in else 0
    sign = "\u2212" if change < 0 else "+"
    shape = f"{_counted(report.rows, 'row')} \u00d7 {_counted(report.columns, 'column')}"
    sizes = f"{_size(report.bytes_in)} \u2192 {_size(report.bytes_out)} ({sign}{abs(change)} %)"
    name = _part_name(report.source)
    if name:
        sizes = _size(report.bytes_out)
    click.echo(f"{_styled('ok', 'green')}  {file}{name}  {shape}  {sizes}  {outputs[0]}")
    for widening in report.widened:
        click.echo(
            f"    widened  {widening.column}: {widening.from_} \u2192 {widening.to}, because of "
            f"{widening.example!r} in row {widening.row:,}"
        )
    if report.quarantine.rows:
        first = report.quarantine.first[0]
        rows = _counted(report.quarantine.rows, "row")
        click.echo(
            f"    {_styled('quarantined', 'yellow')}  {rows} \u2192 "
            f"{outputs[-1]}; the first is line {first.line:,}: {first.reason}"
        )


def _part_name(source: "TableSource") -> str:
    """Which part of its file a table is, as it is shown after the file's name."""
    parts = [part for part in (source.path, source.name) if part]
    return f" [{' '.join(parts)}{', hidden' if source.hidden else ''}]" if parts else ""


def _tell_refused(file: Path, refused: "NotConverted", *, as_json: bool) -> None:
    if as_json:
        problem = {"code": refused.code, "detail": refused.reason}
        source = refused.source.model_dump(mode="json")
        click.echo(json.dumps({"file": str(file), "ok": False, "source": source, "error": problem}))
        return
    word = _styled("left out" if refused.code in _HARMLESS else "failed", "yellow")
    click.echo(f"{word}  {file}{_part_name(refused.source)}: {refused.reason}", err=True)


def _tell_left_out(file: Path, *, as_json: bool) -> None:
    reason = "its ending is that of no table; convert it by its own name if it is one"
    if as_json:
        problem = {"code": "left_out", "detail": reason}
        click.echo(json.dumps({"file": str(file), "ok": False, "error": problem}))
        return
    click.echo(f"{_styled('left out', 'yellow')}  {file}: {reason}", err=True)


def _tell_failure(file: Path, error: Exception, *, as_json: bool) -> None:
    from shared_lib.contracts.errors import FleetError  # noqa: PLC0415 - imported when called

    if not as_json:
        click.echo(f"{_styled('failed', 'red')}  {file}: {error}", err=True)
        return
    problem: object = {"detail": str(error)}
    if isinstance(error, FleetError):
        problem = error.problem().model_dump(mode="json", exclude_none=True)
    click.echo(json.dumps({"file": str(file), "ok": False, "error": problem}))


def _styled(word: str, colour: str) -> str:
    return word if os.environ.get("NO_COLOR") else click.style(word, fg=colour)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _size(count: int) -> str:
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            return f"{value:,.0f} {unit}" if unit == "B" else f"{value:,.1f} {unit}"
        value /= 1000
    return f"{count} B"
