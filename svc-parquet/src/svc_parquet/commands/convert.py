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

if TYPE_CHECKING:
    from shared_lib.contracts.conversions import ConversionOptions, ConversionReport

_ENDINGS = (".csv", ".tsv", ".tab", ".txt", ".jsonl", ".ndjson", ".gz")
Progress = Callable[[int, int], None]


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
    type=click.Choice(["csv", "tsv", "jsonl"]),
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
    """Convert one file, or every table file below a folder.

    Exit codes: 0 all converted, 1 some file failed, 2 wrong usage, 130 interrupted.
    """
    options = _options(nulls=nulls, schema=schema, **given)
    jobs = _jobs(source, target)
    if not jobs:
        raise click.UsageError(f"No file below {source} ends in {', '.join(_ENDINGS)}.")
    try:
        failed = sum(not _convert_one(file, stem, options, as_json=as_json) for file, stem in jobs)
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


def _jobs(source: Path, target: Path) -> list[tuple[Path, Path]]:
    """Files to convert, and for each the result's path without `.parquet`.

    `sales.csv` becomes `sales`; where two files would become the same, both keep their endings.
    """
    if source.is_file():
        return [(source, target / _bare(source.name))]
    found = [
        file
        for file in sorted(source.rglob("*"))
        if file.is_file() and file.name.lower().endswith(_ENDINGS) and target not in file.parents
    ]
    bare = [file.relative_to(source).with_name(_bare(file.name)) for file in found]
    uses = Counter(bare)
    return [
        (file, target / (stem if uses[stem] == 1 else file.relative_to(source)))
        for file, stem in zip(found, bare, strict=True)
    ]


def _bare(name: str) -> str:
    """A file's name without the endings that say its format."""
    for _ in range(2):
        ending = Path(name).suffix
        if ending.lower() in _ENDINGS and name != ending:
            name = name.removesuffix(ending)
    return name


def _convert_one(file: Path, stem: Path, options: "ConversionOptions", *, as_json: bool) -> bool:
    """Convert one file and say how it went; False when it failed."""
    from shared_lib.contracts.errors import FleetError  # noqa: PLC0415 - imported when called

    try:
        with _progress(file.name, quiet=as_json) as progress:
            report, outputs = _run(file, stem, options, progress)
    except (FleetError, OSError) as error:
        _tell_failure(file, error, as_json=as_json)
        return False
    if as_json:
        dumped = report.model_dump(mode="json", by_alias=True)
        names = [str(path) for path in outputs]
        click.echo(json.dumps({"file": str(file), "ok": True, "outputs": names, "report": dumped}))
    else:
        _tell_success(file, report, outputs)
    return True


def _run(
    file: Path, stem: Path, options: "ConversionOptions", progress: Progress
) -> tuple["ConversionReport", list[Path]]:
    """Convert into a hidden folder beside the result, then give the files their places."""
    import tempfile  # noqa: PLC0415 - imported when called

    from svc_parquet.conversions.convert import convert  # noqa: PLC0415 - polars, when called

    stem.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".converting-", dir=stem.parent) as folder:
        sink = Path(folder)
        report = convert(file, sink, options=options, progress=progress)
        outputs: list[Path] = []
        for part in report.parts:
            number = f".{part.name[5:10]}" if len(report.parts) > 1 else ""
            outputs.append(stem.with_name(f"{stem.name}{number}.parquet"))
            (sink / part.name).replace(outputs[-1])
        quarantine = stem.with_name(f"{stem.name}.quarantine.jsonl")
        quarantine.unlink(missing_ok=True)
        if report.quarantine.file:
            (sink / report.quarantine.file).replace(quarantine)
            outputs.append(quarantine)
    return report, outputs


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


def _tell_success(file: Path, report: "ConversionReport", outputs: list[Path]) -> None:
    change = round(100 * (report.bytes_out / report.bytes_in - 1)) if report.bytes_in else 0
    sign = "\u2212" if change < 0 else "+"
    shape = f"{_counted(report.rows, 'row')} \u00d7 {_counted(report.columns, 'column')}"
    click.echo(
        f"{_styled('ok', 'green')}  {file}  {shape}  "
        f"{_size(report.bytes_in)} \u2192 {_size(report.bytes_out)} ({sign}{abs(change)} %)  "
        f"{outputs[0]}"
    )
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
