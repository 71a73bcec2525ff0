"""`fleet pipeline`: what can be trained."""

from typing import TYPE_CHECKING

import click

from datafleet.commands.connection import pass_client
from shared_lib.console import Column, Group, Output, pass_output
from shared_lib.contracts.reports import ReportFacts
from shared_lib.contracts.training import PipelineView

if TYPE_CHECKING:
    from datafleet.client import Client

_COLUMNS: tuple[Column[PipelineView], ...] = (
    Column("pipeline", lambda row: row.name),
    Column("stages", lambda row: " → ".join(stage.name for stage in row.stages)),
    Column("params", lambda row: ", ".join(row.params)),
    Column("commit", lambda row: row.commit[:12]),
)


@click.group(cls=Group)
def pipeline() -> None:
    """What can be trained."""


@pipeline.command("list", fields=PipelineView.model_fields)
@pass_client
@pass_output
def list_pipelines(output: Output, *, client: "Client") -> None:
    """List the pipelines of the repository."""
    found = list(client.pipelines.list())
    if not output.table(found, columns=_COLUMNS):
        output.say("The repository has no folder with a dvc.yaml.")
    for each in found:
        for warning in each.warnings:
            output.say(f"{each.name}: {warning}")


@pipeline.command("report", fields=ReportFacts.model_fields)
@click.argument("subject", metavar="TRAINING|DECISION")
@pass_client
@pass_output
def report(output: Output, *, client: "Client", subject: str) -> None:
    """Print what became of a training, or why there was none, as Markdown.

    A training is named by its id (tj_…), a decision not to train by its own (td_…).
    """
    print_report(output, client, subject)


def print_report(output: Output, client: "Client", subject: str) -> None:
    """The facts as JSON, or the Markdown that a pull request is told."""
    if output.as_json:
        output.record(client.pipelines.report(subject))
        return
    # As it is: whoever wrote it has left out all that would steer a terminal.
    output.data(client.pipelines.report_markdown(subject).rstrip())
