"""`fleet convert`: files to lossless Parquet on this machine, without a server."""

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from svc_parquet.commands import telling
from svc_parquet.conversions.naming import ENDINGS, without_endings

if TYPE_CHECKING:
    from shared_lib.contracts.conversions import ConversionOptions


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
@click.option(
    "--sheet",
    "sheets",
    multiple=True,
    metavar="NAME",
    help="Convert this sheet of a workbook only. Repeat for more.",
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
    sheets: tuple[str, ...],
    as_json: bool,
    **given: Any,
) -> None:
    """Convert one file, or every table file below a folder; what is left out is listed.

    Exit codes: 0 all converted, 1 some file or part of one failed, 2 wrong usage, 130 interrupted.
    """
    options = _options(nulls=nulls, schema=schema, sheets=list(sheets) or None, **given)
    jobs, left_out = _jobs(source, target)
    if not jobs:
        raise click.UsageError(
            f"No file below {source} ends in one of {', '.join(sorted(ENDINGS))}."
        )
    for file in left_out:
        telling.tell_left_out(file, as_json=as_json)
    from svc_parquet.commands.running import Run  # noqa: PLC0415 - imported when called

    root = source if source.is_dir() else source.parent
    with Run(options, root=root, as_json=as_json) as run:
        try:
            failed = sum(not run.convert(file, stem) for file, stem in jobs)
        except KeyboardInterrupt:
            click.echo("Interrupted; the file at work was left out.", err=True)
            sys.exit(130)
    if (len(jobs) > 1 or run.totals.tables > 1) and not as_json:
        size = sum(file.stat().st_size for file, _ in jobs)
        telling.tell_totals(run.totals, files=len(jobs), failed=failed, bytes_in=size)
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
        if (file.is_file() or file.is_symlink()) and target not in file.parents
    ]
    wanted = [
        file
        for file in found
        if file.name.lower().endswith(tuple(ENDINGS)) and not file.is_symlink()
    ]
    bare = [Path(without_endings(file.relative_to(source).as_posix())) for file in wanted]
    uses = Counter(bare)
    jobs = [
        (file, target / (stem if uses[stem] == 1 else file.relative_to(source)))
        for file, stem in zip(wanted, bare, strict=True)
    ]
    return jobs, [file for file in found if file not in set(wanted)]
