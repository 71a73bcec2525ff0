"""`fleet kb build`: a folder of documents to JSONL records, without a server."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from shared_lib.console import Column, Command, ExitCode, Output, pass_output

if TYPE_CHECKING:
    from shared_lib.contracts.knowledge import FileFate
    from svc_knowledgebase.building.folder import BuildReport

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command(name="build", cls=Command, fields=("manifest", "changes"))
@click.argument("folder", type=_FOLDER)
@click.option(
    "--to",
    "target",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the knowledge base; made when missing.",
)
@click.option("--include", multiple=True, metavar="GLOB", help="Only such files. Repeat for more.")
@click.option("--exclude", multiple=True, metavar="GLOB", help="Leave such out. Repeat for more.")
@click.option("--all", "hidden", is_flag=True, help="Read hidden files and folders as well.")
@click.option(
    "--characters", type=click.IntRange(200, 20_000), default=1600, show_default=True,
    help="The longest record.",
)  # fmt: skip
@click.option(
    "--rows", type=click.Choice(["packed", "each"]), default="packed", show_default=True,
    help="Rows of tables: many in a record, or a record a row.",
)  # fmt: skip
@click.option(
    "--column", "columns", multiple=True, metavar="NAME",
    help="A record a cell of this column of tables, and nothing else of them. Repeat for more.",
)  # fmt: skip
@click.option("--source", metavar="NAME", help="What records call the folder; its own name if not.")
@click.option(
    "--workers", type=click.IntRange(1, 64), help="Parser processes; the processors if not."
)
@click.option(
    "--embed", is_flag=True,
    help="Make vectors, clusters and categories too, by the model that FLEET_EMBEDDINGS names.",
)  # fmt: skip
@click.option(
    "--data", envvar="FLEET_DATA", default="data", show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="With --embed: where the environment `ml` is, or is installed.",
)  # fmt: skip
@pass_output
def command(
    output: Output,
    *,
    folder: Path,
    target: Path,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    hidden: bool,
    characters: int,
    rows: Literal["packed", "each"],
    columns: tuple[str, ...],
    source: str | None,
    workers: int | None,
    embed: bool,
    data: Path,
) -> ExitCode:
    """Build or rebuild a knowledge base from a folder, without a server.

    Writes records.jsonl, records.parquet and manifest.json; the next build parses only what is new.
    Exit codes: 0 all read or skipped with a reason, 1 some document failed.
    """
    from shared_lib.contracts.knowledge import HIDDEN, BuildOptions, Selection  # noqa: PLC0415 - pydantic, when called
    from svc_knowledgebase.building.folder import build_folder  # noqa: PLC0415 - when called

    left_out = [*exclude, *([] if hidden else HIDDEN)]
    with output.progress("parsing", unit="documents") as bar:
        report = build_folder(
            folder,
            target,
            selection=Selection(include=list(include), exclude=left_out),
            options=BuildOptions(record_characters=characters, rows=rows, columns=list(columns)),
            source=source,
            workers=workers or os.cpu_count() or 1,
            progress=lambda done, total: bar.update(done=done, total=total),
        )
    _tell(output, report, target)
    if embed:
        _embed(output, target, data=data)
    return ExitCode.FAILED if report.manifest.counts.failed else ExitCode.OK


def _embed(output: Output, target: Path, *, data: Path) -> None:
    from shared_lib.embeddings.opening import model_of, open_embedder  # noqa: PLC0415 - loads numpy
    from svc_knowledgebase.embedding.folder import embed_folder  # noqa: PLC0415 - loads scikit-learn
    from svc_knowledgebase.settings import KnowledgebaseSettings  # noqa: PLC0415 - when called

    settings = KnowledgebaseSettings(mode="embedded", data=data)
    with output.progress("embedding", unit="texts") as bar:
        made = embed_folder(
            target,
            open_model=lambda: open_embedder(
                settings.embeddings,
                environments=settings.environments_folder,
                cache=settings.embedding_cache,
                log=output.detail,
            ),
            model=model_of(settings.embeddings),
            progress=lambda done, total: bar.update(done=done, total=total),
        )
    output.say(
        f"{made.embedded.embedded:,} texts embedded, {made.embedded.reused:,} known "
        f"\u2192 {target / 'vectors.npy'}"
    )
    if made.grouped is not None:
        output.say(made.grouped.told())


def _tell(output: Output, report: "BuildReport", target: Path) -> None:
    counts, changes = report.manifest.counts, report.changes
    if output.as_json:
        output.record(
            {
                "manifest": report.manifest.model_dump(mode="json"),
                "changes": changes.model_dump(mode="json"),
            }
        )
    else:
        unread = [each for each in report.manifest.files if each.fate != "parsed"]
        output.table(unread, columns=_columns())
    output.say(
        f"{counts.found:,} files found: {counts.parsed:,} parsed, {counts.skipped:,} skipped, "
        f"{counts.failed:,} failed; {counts.excluded:,} not selected"
    )
    output.say(
        f"{counts.records:,} records ({counts.near_duplicates:,} near duplicates), "
        f"{counts.tokens:,} tokens \u2192 {target / 'records.jsonl'}"
    )
    output.say(
        f"{changes.parsed_now:,} read anew; {len(changes.added):,} added, "
        f"{len(changes.changed):,} changed, {len(changes.moved):,} moved, "
        f"{len(changes.deleted):,} deleted"
    )


def _columns() -> "tuple[Column[FileFate], ...]":
    return (
        Column("fate", lambda row: row.fate, style=_style, whole=True),
        Column("file", lambda row: row.path),
        Column("why", lambda row: row.code, whole=True),
        Column("what to do", lambda row: row.detail),
    )


def _style(row: "FileFate") -> str | None:
    return "red" if row.fate == "failed" else None
