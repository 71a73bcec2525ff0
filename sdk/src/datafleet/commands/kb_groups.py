"""`fleet kb clusters`, `categories` and `taxonomy`: how the records of a base group."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from datafleet.commands.connection import pass_client
from shared_lib.console import Column, Command, CommandError, ExitCode, Output, pass_output
from shared_lib.console.formats import format_count
from shared_lib.contracts.groups import (
    CategoriesView,
    CategoryView,
    ClusterOptions,
    ClustersView,
    ClusterView,
    GroupingView,
    Taxonomy,
    TaxonomyView,
)
from shared_lib.contracts.knowledge import KnowledgeRecord

if TYPE_CHECKING:
    from datafleet.client import Client

_STATUS = {"new": "green", "grown": "green", "shrunk": "yellow"}
_CLUSTERS: tuple[Column[ClusterView], ...] = (
    Column("cluster", lambda row: row.id, whole=True),
    Column("records", lambda row: row.size, show=format_count, right=True),
    Column("about", lambda row: ", ".join(each.term for each in row.terms[:6]) or row.label),
    Column("firm", lambda row: None if row.stability is None else f"{row.stability:.2f}",
           right=True),
    Column("since before", lambda row: row.status, style=lambda row: _STATUS.get(row.status)),
)  # fmt: skip
_CATEGORIES: tuple[Column[CategoryView], ...] = (
    Column("category", lambda row: row.id, whole=True),
    Column("records", lambda row: row.size, show=format_count, right=True),
    Column("about", lambda row: ", ".join(each.term for each in row.terms[:6]) or row.description),
)
_RECORDS: tuple[Column[KnowledgeRecord], ...] = (
    Column("document", lambda row: row.path),
    Column("passage", lambda row: " ".join(row.text.split())[:200]),
    Column("record", lambda row: row.id, whole=True),
)


@click.command("clusters", cls=Command, fields=ClustersView.model_fields)
@click.argument("base")
@click.option("--records", "cluster", metavar="CLUSTER", help="List the records of this one.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Records.")
@click.option("--method", type=click.Choice(["kmeans", "hdbscan"]), help="Group anew in this way.")
@click.option("--into", "number", type=click.IntRange(2, 200), help="Group anew into so many.")
@click.option("--wait/--no-wait", default=True, help="Follow until it has ended (the default).")
@pass_client
@pass_output
def clusters(
    output: Output,
    *,
    client: "Client",
    base: str,
    cluster: str | None,
    limit: int,
    method: Literal["kmeans", "hdbscan"] | None,
    number: int | None,
    wait: bool,
) -> None:
    """Show how the records of a base group, and what has changed since the build before."""
    if method or number:
        options = ClusterOptions(method=method or "kmeans", clusters=number)
        asked = client.knowledge_bases.set_cluster_options(base, options)
        if not _followed(output, client, asked.grouping, wait=wait):
            return
    if cluster is not None:
        found = client.knowledge_bases.records_in(base, cluster=cluster, limit=limit)
        output.table(found, columns=_RECORDS)
        return
    view = client.knowledge_bases.clusters(base)
    if output.as_json:
        output.record(view)
        return
    output.table(view.clusters, columns=_CLUSTERS)
    output.say(f"{len(view.clusters)} clusters, {view.outliers} of {view.records} records in none")
    if view.gone:
        names = ", ".join(f"{each.id} ({each.label})" for each in view.gone)
        output.say(f"gone since the build before: {names}")


@click.command("categories", cls=Command, fields=CategoriesView.model_fields)
@click.argument("base")
@click.option("--records", "category", metavar="CATEGORY", help="List the records of this one.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Records.")
@pass_client
@pass_output
def categories(
    output: Output, *, client: "Client", base: str, category: str | None, limit: int
) -> None:
    """Show what the records of a base are about, and how far that can be believed."""
    if category is not None:
        found = client.knowledge_bases.records_in(base, category=category, limit=limit)
        output.table(found, columns=_RECORDS)
        return
    view = client.knowledge_bases.categories(base)
    if output.as_json:
        output.record(view)
        return
    output.table(view.categories, columns=_CATEGORIES)
    given = view.records - view.abstained
    output.say(f"{given} of {view.records} records are given a category (margin {view.margin})")
    if view.report is None:
        output.say("too few records are labelled to tell how many of them are right")
    else:
        told = view.report
        output.say(
            f"of {told.labelled} held-out records {told.coverage:.0%} are given one, "
            f"{told.precision:.1%} of these the right one"
        )


@click.command("taxonomy", cls=Command, fields=TaxonomyView.model_fields)
@click.argument("base")
@click.argument(
    "file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--folders", is_flag=True, help="The categories are the folders, as at first.")
@click.option("--depth", type=click.IntRange(1, 20), help="Of the folders.")
@click.option("--margin", type=click.FloatRange(0, 1), help="By which the best must lead.")
@click.option("--wait/--no-wait", default=True, help="Follow until it has ended (the default).")
@pass_client
@pass_output
def taxonomy(
    output: Output,
    *,
    client: "Client",
    base: str,
    file: Path | None,
    folders: bool,
    depth: int | None,
    margin: float | None,
    wait: bool,
) -> ExitCode:
    """Show or set the categories of a base.

    FILE is JSON: {"categories": [{"id": "taxes", "label": "Taxes", "description": "…",
    "examples": ["…"]}]}, or CSV with the columns id, label, description.
    """
    if file is None and not folders and depth is None and margin is None:
        view = client.knowledge_bases.taxonomy(base)
    else:
        wanted = client.knowledge_bases.taxonomy(base).taxonomy
        if file is not None:
            wanted = _read(file)
        elif folders or depth is not None:
            wanted = Taxonomy(kind="folders", depth=depth)
        if margin is not None:
            wanted = wanted.model_copy(update={"margin": margin})
        view = client.knowledge_bases.set_taxonomy(base, wanted)
        _followed(output, client, view.grouping, wait=wait)
    if output.as_json:
        output.record(view)
    elif view.taxonomy.kind == "folders":
        output.data(f"the folders, depth {view.taxonomy.depth or 'by itself'}")
    else:
        rows = [CategoryView(**each.model_dump()) for each in view.taxonomy.categories]
        output.table(rows, columns=(_CATEGORIES[0], Column("label", lambda row: row.label)))
    return ExitCode.OK


def _followed(output: Output, client: "Client", grouping: GroupingView, *, wait: bool) -> bool:
    """Whether it has been applied."""
    if grouping.job_id is None:
        output.say("it is applied when the base is built and embedded")
        return False
    if not wait:
        output.say(f"follow it: fleet job watch {grouping.job_id}")
        return False
    with output.progress("grouping"):
        ended = client.jobs.wait(grouping.job_id)
    if ended.error is not None:
        raise CommandError(ended.error.detail)
    return True


def _read(file: Path) -> Taxonomy:
    import csv  # noqa: PLC0415 - when called
    import io  # noqa: PLC0415 - as above
    import json  # noqa: PLC0415 - as above

    from pydantic import ValidationError  # noqa: PLC0415 - as above

    try:
        text = file.read_text(encoding="utf-8-sig")
        if file.suffix.lower() == ".csv":
            given: object = {"categories": list(csv.DictReader(io.StringIO(text, newline="")))}
        else:
            given = json.loads(text)
        whole = {"categories": given} if isinstance(given, list) else given
        return Taxonomy.model_validate({"kind": "list"} | dict(whole))  # type: ignore[call-overload]
    except (UnicodeDecodeError, ValueError, TypeError, ValidationError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else None
        what = f"{'.'.join(map(str, first['loc']))}: {first['msg']}" if first else str(error)
        raise CommandError(
            f"{file} is no taxonomy: {what}", hint="fleet kb taxonomy --help shows its form"
        ) from error
