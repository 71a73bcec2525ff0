"""`fleet kb`: documents as records that can be searched."""

from typing import TYPE_CHECKING

import click

from datafleet.commands.connection import find_base, limit_option, pass_client
from datafleet.commands.kb_delete import delete
from datafleet.commands.kb_files import download_base
from datafleet.commands.kb_query import query_base
from shared_lib.console import Column, CommandError, ExitCode, Output, pass_output
from shared_lib.console.formats import format_bytes, format_count
from shared_lib.console.lazy import LazyCommand, LazyGroup
from shared_lib.console.states import color_of, show_state
from shared_lib.console.times import show_time
from shared_lib.contracts.knowledge import (
    HIDDEN,
    BuildView,
    FileFate,
    FolderSource,
    KnowledgeBaseCreate,
    KnowledgeBaseView,
    SearchAnswer,
    SearchHit,
    SearchMode,
    Selection,
)

if TYPE_CHECKING:
    from datafleet.client import Client


def _records(row: KnowledgeBaseView) -> int | None:
    build = row.current_build
    return build.counts.records if build and build.counts else None


def _place(row: SearchHit) -> str:
    record = row.record
    page = f" p.{record.page_from}" if record.page_from else ""
    return f"{record.path}{page}"


_BASES: tuple[Column[KnowledgeBaseView], ...] = (
    Column("base", lambda row: row.name),
    Column("dataset", lambda row: row.dataset),
    Column("version", lambda row: row.current_build and row.current_build.version_number),
    Column("records", _records, show=format_count, right=True),
    Column("built", lambda row: row.current_build and row.current_build.created_at, show=show_time),
    Column("id", lambda row: row.id, whole=True),
)
_UNREAD: tuple[Column[FileFate], ...] = (
    Column("fate", lambda row: row.fate, whole=True),
    Column("file", lambda row: row.path),
    Column("why", lambda row: row.code, whole=True),
    Column("what to do", lambda row: row.detail),
)
_COMPARED = {"keyword": "words", "meaning": "meaning", "hybrid": "words and meaning"}
_HITS: tuple[Column[SearchHit], ...] = (
    Column(
        "similarity", lambda row: row.similarity, show=lambda cosine: f"{cosine:.2f}", right=True
    ),
    Column("document", _place),
    Column("passage", lambda row: " ".join(row.snippet.split())),
    Column("record", lambda row: row.record.id, whole=True),
)
_BUILDS: tuple[Column[BuildView], ...] = (
    Column("build", lambda row: row.number, right=True),
    Column("version", lambda row: row.version_number, right=True),
    Column("state", lambda row: row.state.value, show=show_state,
           style=lambda row: color_of(row.state.value)),
    Column("records", lambda row: row.counts and row.counts.records, right=True),
    Column("parsed", lambda row: row.changes and row.changes.parsed_now, right=True),
    Column("asked", lambda row: row.created_at, show=show_time),
    Column("job", lambda row: row.job_id, whole=True),
)  # fmt: skip


_GROUPS = "datafleet.commands.kb_groups"


@click.group(
    cls=LazyGroup,
    lazy={
        "clusters": LazyCommand(f"{_GROUPS}:clusters"),
        "categories": LazyCommand(f"{_GROUPS}:categories"),
        "taxonomy": LazyCommand(f"{_GROUPS}:taxonomy"),
    },
)
def kb() -> None:
    """Documents as records that can be searched.

    A knowledge base is named by its name or id.
    """


@kb.command("list", fields=KnowledgeBaseView.model_fields)
@limit_option
@pass_client
@pass_output
def list_bases(output: Output, *, client: "Client", limit: int) -> None:
    """List your knowledge bases, newest first."""
    if not output.table(client.knowledge_bases.list(limit=limit), columns=_BASES):
        output.say("There is no knowledge base yet: fleet kb create NAME --dataset NAME")


@kb.command("create", fields=KnowledgeBaseView.model_fields)
@click.argument("name")
@click.option("-d", "--dataset", metavar="NAME", help="Whose files are read; NAME if left out.")
@click.option(
    "--folder",
    metavar="ROOT[/PATH]",
    help="A folder of the fleet that is read instead, below one that FLEET_FOLDERS allows.",
)
@click.option("--include", multiple=True, metavar="GLOB", help="Only such files. Repeat for more.")
@click.option("--exclude", multiple=True, metavar="GLOB", help="Leave such out. Repeat for more.")
@click.option("--follow/--no-follow", default=True, help="Build when a version lands.")
@click.option("--description", default="", help="What it is, in a sentence.")
@pass_client
@pass_output
def create(
    output: Output,
    *,
    client: "Client",
    name: str,
    dataset: str | None,
    folder: str | None,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    follow: bool,
    description: str,
) -> None:
    """Make a knowledge base of a dataset's documents, or of a folder of the fleet."""
    if dataset and folder:
        raise CommandError("Give either --dataset or --folder.", exit_code=ExitCode.USAGE)
    root, _, path = (folder or "").partition("/")
    selection = Selection(include=list(include), exclude=[*exclude, *HIDDEN])
    wanted = KnowledgeBaseCreate(
        name=name,
        dataset=None if folder else dataset or name,
        folder=FolderSource(root=root, path=path.rstrip("/")) if folder else None,
        description=description,
        selection=selection,
        follow=follow,
    )
    made = client.knowledge_bases.create(wanted)
    if output.as_json:
        output.record(made)
    else:
        output.data(f"{made.name}  of {made.dataset}  {made.id}")
    if made.folder:
        output.say(f"fill it: fleet kb rebuild {made.name}")
    else:
        output.say(f"fill it: fleet push FOLDER --dataset {made.dataset} --documents")


@kb.command("show", fields=KnowledgeBaseView.model_fields)
@click.argument("base")
@pass_client
@pass_output
def show(output: Output, *, client: "Client", base: str) -> None:
    """Show a base, its counts, and what was not read with the reasons."""
    found = find_base(client, base)
    if output.as_json:
        output.record(found)
        return
    build = found.current_build
    if build is None or build.counts is None:
        output.data(f"{found.name}  of {found.dataset}  not built yet")
        return
    counts = build.counts
    output.facts(
        {
            "base": found.name,
            "dataset": f"{found.dataset} v{build.version_number}",
            "files": f"{counts.found} found: {counts.parsed} parsed, {counts.skipped} skipped, "
            f"{counts.failed} failed; {counts.excluded} not selected",
            "size": format_bytes(counts.bytes),
            "records": f"{counts.records} ({counts.near_duplicates} near duplicates)",
        }
    )
    for fate in ("failed", "skipped"):
        output.table(client.knowledge_bases.documents(base, fate=fate, limit=20), columns=_UNREAD)


@kb.command("builds", fields=BuildView.model_fields)
@click.argument("base")
@limit_option
@pass_client
@pass_output
def builds(output: Output, *, client: "Client", base: str, limit: int) -> None:
    """List the builds of a base, newest first."""
    output.table(client.knowledge_bases.builds(base, limit=limit), columns=_BUILDS)


@kb.command("rebuild", fields=BuildView.model_fields)
@click.argument("base")
@click.option("--wait/--no-wait", default=True, help="Follow until it has ended (the default).")
@click.option("--timeout", type=click.FloatRange(min=0), help="Stop waiting after these seconds.")
@pass_client
@pass_output
def rebuild(
    output: Output, *, client: "Client", base: str, wait: bool, timeout: float | None
) -> ExitCode:
    """Build a base from the newest version; only what is new is parsed."""
    asked = client.knowledge_bases.build(base)
    if not wait:
        output.say(f"follow it: fleet job watch {asked.job_id}")
        return ExitCode.OK
    with output.progress("building", unit="documents"):
        client.jobs.wait(asked.job_id, timeout_s=timeout)
    done = next(each for each in client.knowledge_bases.builds(base) if each.id == asked.id)
    if output.as_json:
        output.record(done)
    elif done.counts is None or done.changes is None:
        raise CommandError(done.error.detail if done.error else f"the build has {done.state}.")
    else:
        output.data(
            f"{done.base_name} build {done.number}: {done.counts.records} records of "
            f"{done.counts.parsed} documents, {done.changes.parsed_now} read anew"
        )
    return ExitCode.OK if done.counts else ExitCode.FAILED


@kb.command("search", fields=SearchAnswer.model_fields)
@click.argument("base")
@click.argument("query")
@click.option("--folder", help="Only what is below it.")
@click.option("--type", "mime", metavar="MIME", help="Only documents of that media type.")
@click.option("--language", help="Only that language, such as en.")
@click.option("--limit", type=click.IntRange(1, 100), default=10, show_default=True, help="Hits.")
@click.option(
    "--mode", type=click.Choice(["keyword", "meaning", "hybrid"]),
    help="Compare words, meanings or both; left out: both where the base is embedded.",
)  # fmt: skip
@pass_client
@pass_output
def search(
    output: Output,
    *,
    client: "Client",
    base: str,
    query: str,
    folder: str | None,
    mime: str | None,
    language: str | None,
    limit: int,
    mode: SearchMode | None,
) -> None:
    """Find records, the best first. A "phrase" in quotation marks must be there."""
    answer = client.knowledge_bases.search(
        base, query, folder=folder, mime=mime, language=language, limit=limit, mode=mode
    )
    if output.as_json:
        output.record(answer)
        return
    output.table(answer.hits, columns=_HITS)
    output.say(f"{len(answer.hits)} of {answer.total} records, by {_COMPARED[answer.mode]}")
    if answer.note:
        output.say(answer.note)


for command in (delete, download_base, query_base):
    kb.add_command(command)
