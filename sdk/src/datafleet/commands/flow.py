"""`fleet flow`: journeys from file to table."""

from typing import TYPE_CHECKING

import click

from datafleet.commands.connection import LATEST, find_dataset, find_flow, limit_option, pass_client
from shared_lib.console import Column, ExitCode, Group, Output, pass_output
from shared_lib.console.formats import (
    count_of,
    format_bytes,
    format_count,
    format_duration,
    format_shape,
    printable,
)
from shared_lib.console.states import color_of, show_state, styled_mark
from shared_lib.console.times import show_clock, show_time
from shared_lib.contracts.catalog import FlowState, FlowStep, FlowSummary, FlowView

if TYPE_CHECKING:
    from datafleet.client import Client
    from datafleet.models import Flow


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


def describe_step(step: FlowStep) -> str:
    """What is worth saying of a step beside its state."""
    facts = step.facts
    if step.error is not None:
        return step.error.detail
    if step.name == "landed" and "bytes" in facts:
        return format_bytes(float(facts["bytes"]))
    if "rows" in facts and "columns" in facts:
        parts = [format_shape(int(facts["rows"]), int(facts["columns"]))]
        if "bytes_out" in facts:
            parts.append(format_bytes(float(facts["bytes_out"])))
        if facts.get("widened_columns"):
            parts.append(f"{count_of(int(facts['widened_columns']), 'column')} widened")
        if facts.get("quarantined_rows"):
            parts.append(f"{count_of(int(facts['quarantined_rows']), 'row')} quarantined")
        return ", ".join(parts)
    if "suite" in facts:
        parts = [f"suite {facts['suite']}"]
        if "checks" in facts:
            parts.append(f"{facts['verdict']}, {facts['passed']} of {facts['checks']} checks")
        return ": ".join(parts)
    return step.job_id or ""


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
    """Journeys from file to table.

    A flow is named by its id, or as `latest`.
    """


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
    """Show a flow: landed, converted, published, with times."""
    found = client.flows.read(_find(client, flow_id, dataset=dataset))
    if output.as_json:
        output.record(found)
        return
    if output.for_people:
        output.data(_headline(found))
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
    """Follow a flow until it ends. Exit code: 1 when it failed, 6 when the time is over."""
    said: dict[tuple[str | None, str], str] = {}
    for now in client.flows.watch(_find(client, flow_id, dataset=dataset), timeout_s=timeout):
        if output.as_json:
            output.record(now)
        else:
            _say_changes(output, now, said=said)
    if not output.as_json:
        output.data(_headline(now))
    return ExitCode.OK if now.state == FlowState.SUCCEEDED else ExitCode.FAILED


def _find(client: "Client", flow_id: str, *, dataset: str | None) -> str:
    if dataset is not None:
        find_dataset(client, dataset)
    return find_flow(client, flow_id, dataset=dataset)


def _say_changes(output: Output, now: "Flow", *, said: dict[tuple[str | None, str], str]) -> None:
    for step in now.steps:
        if said.get((step.subject, step.name)) == step.state:
            continue
        said[step.subject, step.name] = step.state
        took = f"  {format_duration(step.duration_s)}" if step.duration_s else ""
        clock = show_clock(step.ended_at or step.started_at)
        subject, what = printable(step.subject or ""), printable(describe_step(step))
        output.data(
            f"{clock}  {styled_mark(step.state)} {step.name:<9}  {subject}{took}  {what}".rstrip()
        )


def _headline(found: "Flow") -> str:
    took = ""
    if found.ended_at is not None:
        took = f"  {format_duration((found.ended_at - found.created_at).total_seconds())}"
    name = f"{found.dataset_name} v{found.version_number}"
    state = f"{styled_mark(found.state)} {found.state.value}"
    return f"{name}  {state}  {show_time(found.created_at)}{took}  {found.id}"
