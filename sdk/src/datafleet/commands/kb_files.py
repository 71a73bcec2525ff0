"""`fleet kb download`: the records of a base, or its graph, as a file."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeGuard, get_args

import click

from datafleet.commands.connection import pass_client
from shared_lib.console import Command, Output, pass_output
from shared_lib.console.formats import format_bytes
from shared_lib.contracts.graphs import GRAPH_ENDINGS, GraphFormat

if TYPE_CHECKING:
    from datafleet.client import Client
    from datafleet.downloads import Download, Progress

RecordsForm = Literal["jsonl", "parquet", "manifest"]
_ENDINGS: dict[str, str] = {
    "jsonl": "jsonl",
    "parquet": "parquet",
    "manifest": "json",
    **dict(GRAPH_ENDINGS.items()),
}


@click.command("download", cls=Command, fields=("path", "bytes", "sha256"))
@click.argument("base")
@click.option("--to", type=click.Path(path_type=Path), help="Where; BASE.jsonl if left out.")
@click.option(
    "--as", "form", type=click.Choice([*get_args(RecordsForm), *GRAPH_ENDINGS]), default="jsonl",
    show_default=True, help="Records, every file's fate, or the graph in a form.",
)  # fmt: skip
@pass_client
@pass_output
def download_base(
    output: Output, *, client: "Client", base: str, to: Path | None, form: str
) -> None:
    """Download the records of a base, or its graph."""
    name = f"{base}-graph" if form == "json" else base
    target = to or Path(f"{name}.{_ENDINGS[form]}")
    with output.progress("downloading") as bar:
        came = _download(
            client,
            base,
            target,
            form=form,
            progress=lambda done, total: bar.update(done=done, total=total),
        )
    if output.as_json:
        output.record({"path": str(came.path), "bytes": came.bytes, "sha256": came.sha256})
    else:
        output.data(f"{came.path}  {format_bytes(came.bytes)}")


def _download(
    client: "Client", base: str, target: Path, *, form: str, progress: "Progress"
) -> "Download":
    bases = client.knowledge_bases
    if _is_of_graph(form):
        return bases.export_graph(base, to=target, form=form, progress=progress)
    if _is_of_records(form):
        return bases.download(base, to=target, form=form, progress=progress)
    raise ValueError(f"no form {form}")


def _is_of_graph(form: str) -> TypeGuard[GraphFormat]:
    return form in GRAPH_ENDINGS


def _is_of_records(form: str) -> TypeGuard[RecordsForm]:
    return form in get_args(RecordsForm)
