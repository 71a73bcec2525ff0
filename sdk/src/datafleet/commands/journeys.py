"""A flow as people follow it on a terminal: a line for each step, when it begins and ends."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from shared_lib.console import ExitCode, Output
from shared_lib.console.formats import (
    count_of,
    format_bytes,
    format_change,
    format_duration,
    format_shape,
    printable,
)
from shared_lib.console.states import styled_mark
from shared_lib.console.times import show_clock, show_time
from shared_lib.contracts.catalog import FlowState, FlowStep, StepState

if TYPE_CHECKING:
    from datafleet.client import Client
    from datafleet.models import Flow

Facts = Mapping[str, int | float | str | bool]

_NO_METRICS = {"pipeline", "stages_run", "stages_cached", "attempts"}
_GATE = "gate_failed"


def follow(
    output: Output, client: "Client", flow_id: str, *, timeout_s: float | None = None
) -> "Flow":
    """Print each step as it begins and ends; the flow when it has ended."""
    said: dict[tuple[str | None, str, str | None], str] = {}
    for now in client.flows.watch(flow_id, timeout_s=timeout_s):
        if output.as_json:
            output.record(now)
        else:
            _say_changes(output, now, said=said)
    if not output.as_json:
        output.data(headline(now))
    return now


def exit_code_of(flow: "Flow") -> ExitCode:
    """The gate has an exit code of its own, when nothing else failed."""
    if flow.state == FlowState.SUCCEEDED:
        return ExitCode.OK
    broken = [step.error.code if step.error else "" for step in flow.steps if _is_broken(step)]
    only_gate = broken and all(code == _GATE for code in broken)
    return ExitCode.GATE_FAILED if only_gate else ExitCode.FAILED


def _is_broken(step: FlowStep) -> bool:
    return step.state in (StepState.FAILED, StepState.CANCELLED)


def headline(flow: "Flow") -> str:
    """What it is, how it stands, and how long it took."""
    took = ""
    if flow.ended_at is not None:
        took = f"  {format_duration((flow.ended_at - flow.created_at).total_seconds())}"
    name = f"{flow.dataset_name} v{flow.version_number}"
    state = f"{styled_mark(flow.state)} {flow.state.value}"
    return f"{name}  {state}  {show_time(flow.created_at)}{took}  {flow.id}"


def describe_step(step: FlowStep) -> str:
    """What is worth saying of a step beside its state."""
    facts = step.facts
    if step.error is not None:
        return step.error.detail
    if step.name == "landed" and "bytes" in facts:
        return format_bytes(float(facts["bytes"]))
    if "rows" in facts and "columns" in facts:
        return _describe_table(facts)
    if "suite" in facts:
        parts = [f"suite {facts['suite']}"]
        if "checks" in facts:
            parts.append(f"{facts['verdict']}, {facts['passed']} of {facts['checks']} checks")
        return ": ".join(parts)
    ended_well = step.state == StepState.SUCCEEDED
    return _describe_training(facts) or ("" if ended_well else step.job_id or "")


def _describe_table(facts: Facts) -> str:
    parts = [format_shape(int(facts["rows"]), int(facts["columns"]))]
    if "bytes_out" in facts:
        before, after = int(facts.get("bytes_in", 0)), int(facts["bytes_out"])
        change = f" ({format_change(before, after)})" if before else ""
        parts.append(f"{format_bytes(after)}{change}")
    if facts.get("widened_columns"):
        parts.append(f"{count_of(int(facts['widened_columns']), 'column')} widened")
    if facts.get("quarantined_rows"):
        parts.append(f"{count_of(int(facts['quarantined_rows']), 'row')} quarantined")
    return ", ".join(parts)


def _describe_training(facts: Facts) -> str:
    """Of a decision its reason, of a training what ran and how well, of a model what it became."""
    if "outcome" in facts:
        return " ".join(str(facts[name]) for name in ("outcome", "comment") if name in facts)
    if "alias" in facts:
        return f"{facts['model']} v{facts['version']} is {facts['alias']}: {facts['reason']}"
    if "reason" in facts:
        return f"{facts['pipeline']}: {facts['reason']}"
    if "stages_run" not in facts:
        return str(facts.get("pipeline", ""))
    ran = count_of(int(facts["stages_run"]), "stage")
    metrics = [
        f"{name} {float(value):.4g}" for name, value in facts.items() if name not in _NO_METRICS
    ]
    return ", ".join([f"{ran} ran, {facts['stages_cached']} cached", *metrics])


def _say_changes(
    output: Output, now: "Flow", *, said: dict[tuple[str | None, str, str | None], str]
) -> None:
    for step in now.steps:
        key = (step.subject, step.name, step.job_id)
        if said.get(key) == step.state:
            continue
        said[key] = step.state
        took = f"  {format_duration(step.duration_s)}" if step.duration_s else ""
        clock = show_clock(step.ended_at or step.started_at)
        subject, what = printable(step.subject or ""), printable(describe_step(step))
        mark = styled_mark(str(step.facts.get("verdict", step.state)))
        output.data(f"{clock}  {mark} {step.name:<10}  {subject}{took}  {what}".rstrip())
