"""`fleet flow`: journeys from file to model."""

from typing import TYPE_CHECKING

import click

from datafleet.commands.connection import LATEST, find_dataset, find_flow, limit_option, pass_client
from datafleet.commands.flow_run import run
from datafleet.commands.journeys import describe_step, exit_code_of, follow, headline
from shared_lib.console import Column, ExitCode, Group, Output, pass_output
from shared_lib.console.formats import format_bytes, format_count, format_duration
from shared_lib.console.states import color_of, show_state
from shared_lib.console.times import show_clock, show_time
from shared_lib.contracts.catalog import FlowState, FlowStep, FlowSummary, FlowView

if TYPE_CHECKING:
    from datafleet.client import Client


def _seconds(row: FlowSummary) -> float | None:
    return (row.ended_at - row.created_at).total_seconds() if row.ended_at else None


_LIST: tuple[Column[FlowSummary], ...] = (
    Column("flow", lambda row: row.id, whole=True),
    Column("dataset", lambda row: row.dataset_name),
    Column("version", lambda row: row.version_number, right=True),
    Column(
        "state",
        lambda row: row.state.value,
        show=show_state,
        style=lambda row: color_of(row.state),
    ),
    Column("files", lambda row: row.files, show=format_count, right=True),
    Column("size", lambda row: row.bytes, show=format_bytes, right=True),
    Column("started", lambda row: row.created_at, show=show_time),
    Column("took", _seconds, show=format_duration, right=True),
)


_STEPS: tuple[Column[FlowStep], ...] = (
    Column("file", lambda step: step.subject),
    Column("step", lambda step: step.name),
    Column(
        "state",
        lambda step: step.state.value,
        show=show_state,
        style=lambda step: color_of(step.state),
    ),
    Column("started", lambda step: step.started_at, show=show_clock),
    Column("took", lambda step: step.duration_s, show=format_duration, right=True),
    Column("what", describe_step),
)


@click.group(cls=Group)
def flow() -> None:
    """Journeys from file to model.

    A flow is named by its id, or as `latest`.
    """


flow.add_command(run)


@flow.command("list", fields=FlowSummary.model_fields)
@click.option("--dataset", metavar="NAME", help="Only those of one dataset.")
@click.option(
    "--state",
    type=click.Choice([each.value for each in FlowState]),
    help="Only those in this state.",
)
@limit_option
@pass_client
@pass_output
def list_flows(
    output: Output, *, client: "Client", dataset: str | None, state: str | None, limit: int
) -> None:
    """List your flows, newest first."""
    if dataset is not None:
        find_dataset(client, dataset)
    flows = client.flows.list(
        dataset=dataset, state=FlowState(state) if state else None, limit=limit
    )
    if not output.table(flows, columns=_LIST):
        output.say("There is no such flow. Begin one: fleet push FILE")


@flow.command("show", fields=FlowView.model_fields)
@click.argument("flow_id", default=LATEST, metavar="[FLOW]")
@click.option("--dataset", metavar="NAME", help="The latest flow of this dataset.")
@pass_client
@pass_output
def show(output: Output, *, client: "Client", flow_id: str, dataset: str | None) -> None:
    """Show a flow: its steps with times, verdicts and what came of them."""
    found = client.flows.read(_find(client, flow_id, dataset=dataset))
    if output.as_json:
        output.record(found)
        return
    if output.for_people:
        output.data(headline(found))
        output.data("")
    output.table(found.steps, columns=_STEPS)


@flow.command("watch", fields=FlowView.model_fields)
@click.argument("flow_id", default=LATEST, metavar="[FLOW]")
@click.option("--dataset", metavar="NAME", help="The latest flow of this dataset.")
@click.option("--timeout", type=click.FloatRange(min=0), help="Give up after that many seconds.")
@pass_client
@pass_output
def watch(
    output: Output, *, client: "Client", flow_id: str, dataset: str | None, timeout: float | None
) -> ExitCode:
    """Follow a flow until it ends. Exit code: 1 when it failed, 3 when the gate refused it, 6
    when the time is over."""
    return exit_code_of(
        follow(output, client, _find(client, flow_id, dataset=dataset), timeout_s=timeout)
    )


def _find(client: "Client", flow_id: str, *, dataset: str | None) -> str:
    if dataset is not None:
        find_dataset(client, dataset)
    return find_flow(client, flow_id, dataset=dataset)
