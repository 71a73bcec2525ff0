"""`fleet model`: what was learned, who is champion, and the files themselves."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from datafleet.commands.connection import limit_option, pass_client
from datafleet.commands.pipeline import print_report
from shared_lib.console import Column, CommandError, Group, Output, pass_output
from shared_lib.console.formats import format_bytes
from shared_lib.console.times import show_time
from shared_lib.contracts.models import Alias, AliasMove, ModelVersionView, ModelView
from shared_lib.contracts.reports import ReportFacts

if TYPE_CHECKING:
    from datafleet.client import Client

_COLUMNS: tuple[Column[ModelView], ...] = (
    Column("model", lambda row: row.name),
    Column("versions", lambda row: row.versions, right=True),
    Column("champion", lambda row: row.champion, right=True),
    Column("challenger", lambda row: row.challenger, right=True),
    Column("dataset", lambda row: row.dataset),
    Column("pipeline", lambda row: row.pipeline),
)
_VERSIONS: tuple[Column[ModelVersionView], ...] = (
    Column("version", lambda row: row.version, right=True),
    Column("alias", lambda row: ", ".join(row.aliases)),
    Column("data", lambda row: f"v{row.data_version} {row.verdict}"),
    Column("metrics", lambda row: ", ".join(f"{k} {v:.4g}" for k, v in row.metrics.items())),
    Column("trained", lambda row: row.created_at, show=show_time),
)
_MOVES: tuple[Column[AliasMove], ...] = (
    Column("moved", lambda row: row.at, show=show_time),
    Column("alias", lambda row: row.alias),
    Column("to", lambda row: f"v{row.version}"),
    Column("by", lambda row: row.subject or "the numbers"),
    Column("why", lambda row: row.reason),
)

_reason = click.option("--reason", required=True, help="Why; kept with your name.")


@click.group(cls=Group)
def model() -> None:
    """What was learned, and who is champion."""


@model.command("list", fields=ModelView.model_fields)
@limit_option
@pass_client
@pass_output
def list_models(output: Output, *, client: "Client", limit: int) -> None:
    """List your models, newest first."""
    if not output.table(client.models.list(limit=limit), columns=_COLUMNS):
        output.say("Nothing is trained yet: fleet trigger create --dataset NAME --pipeline NAME")


@model.command("show", fields=ModelVersionView.model_fields)
@click.argument("name")
@pass_client
@pass_output
def show(output: Output, *, client: "Client", name: str) -> None:
    """Show the versions of a model, newest first."""
    output.table(client.models.versions(name), columns=_VERSIONS)


@model.command("history", fields=AliasMove.model_fields)
@click.argument("name")
@pass_client
@pass_output
def history(output: Output, *, client: "Client", name: str) -> None:
    """Show how champion and challenger changed and why, newest first."""
    output.table(client.models.moves(name), columns=_MOVES)


@model.command("pull", fields=("path", "bytes", "sha256"))
@click.argument("name")
@click.option("--version", default="champion", show_default=True, metavar="NUMBER|ALIAS",
              help="Which; an alias is champion or challenger.")  # fmt: skip
@click.option("--to", type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER",
              help="Where to; a folder of the model's name when left out.")  # fmt: skip
@pass_client
@pass_output
def pull(output: Output, *, client: "Client", name: str, version: str, to: Path | None) -> None:
    """Fetch the files of a model, each proved by its SHA-256."""
    found = client.models.version(name, cast("Alias", version))
    folder = to or Path(name)
    for artifact in found.artifacts:
        target = folder / artifact.name
        target.parent.mkdir(parents=True, exist_ok=True)
        # By number: between two files an alias may move.
        done = client.models.download(name, artifact.name, to=target, version=found.version)
        if done.sha256 != artifact.sha256:
            raise CommandError(f"{target} is not what version {found.version} names.")
        if output.as_json:
            output.record({"path": str(done.path), "bytes": done.bytes, "sha256": done.sha256})
        else:
            output.data(str(done.path))
    total = sum(artifact.bytes for artifact in found.artifacts)
    output.say(f"{name} v{found.version}, {format_bytes(total)}, every SHA-256 is right")


@model.command("report", fields=ReportFacts.model_fields)
@click.argument("name")
@click.option("--version", default="champion", show_default=True, metavar="NUMBER|ALIAS",
              help="Which; an alias is champion or challenger.")  # fmt: skip
@pass_client
@pass_output
def report(output: Output, *, client: "Client", name: str, version: str) -> None:
    """Print how a version came to be and how it compares, as Markdown."""
    found = client.models.version(name, cast("Alias", version))
    print_report(output, client, found.training_job_id)


@model.command("promote", fields=ModelView.model_fields)
@click.argument("name")
@click.argument("version", type=click.IntRange(min=1))
@_reason
@pass_client
@pass_output
def promote(output: Output, *, client: "Client", name: str, version: int, reason: str) -> None:
    """Make a version champion, whatever the numbers say."""
    _say(output, client.models.set_alias(name, "champion", version=version, reason=reason))


@model.command("rollback", fields=ModelView.model_fields)
@click.argument("name")
@_reason
@pass_client
@pass_output
def rollback(output: Output, *, client: "Client", name: str, reason: str) -> None:
    """Make the champion of before champion again, at once."""
    _say(output, client.models.roll_back(name, reason=reason))


def _say(output: Output, changed: ModelView) -> None:
    if output.as_json:
        output.record(changed)
    else:
        output.data(f"{changed.name}  champion v{changed.champion}")
