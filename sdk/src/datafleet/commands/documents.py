"""What became of pushed documents: the knowledge bases that were built from them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shared_lib.console import ExitCode, Output
from shared_lib.console.formats import count_of, format_bytes, printable
from shared_lib.console.states import styled_mark
from shared_lib.contracts.catalog import FlowState, FlowStep, VersionView

if TYPE_CHECKING:
    from datafleet.client import Client
    from datafleet.models import Flow


def follow_documents(
    output: Output,
    client: "Client",
    versions: Sequence[VersionView],
    *,
    wait: bool,
    timeout: float | None,
) -> ExitCode:
    """Say what landed, wait for the bases that follow, and say what they are now."""
    worst = ExitCode.OK
    for version in versions:
        if not output.as_json:
            files = count_of(len(version.files), "file")
            output.data(
                f"{version.dataset_name} v{version.number}  {files}  {format_bytes(version.bytes)}"
            )
        if not wait:
            output.say(f"follow it: fleet flow watch {version.flow_id}")
            continue
        with output.progress("building", unit="documents"):
            flow = client.flows.wait(version.flow_id, timeout_s=timeout)
        _tell(output, flow)
        if flow.state != FlowState.SUCCEEDED:
            worst = ExitCode.FAILED
    return worst


def _tell(output: Output, flow: "Flow") -> None:
    built = [step for step in flow.steps if step.name in ("built", "embedded")]
    for step in built:
        if output.as_json:
            output.record(step)
        else:
            output.data(_line(step))
            if step.error is not None:
                output.data(f"  {printable(step.error.detail)}")
    if not built:
        output.say(
            f"No knowledge base follows {flow.dataset_name} yet: "
            f"fleet kb create NAME --dataset {flow.dataset_name}, then fleet kb rebuild NAME"
        )


def _line(step: FlowStep) -> str:
    facts = step.facts
    parts = [f"{styled_mark(step.state)} {printable(step.subject or '')}"]
    if step.name == "embedded":
        parts.append("embedded")
    if "records" in facts:
        parts += [
            f"{facts['records']} records",
            f"{facts['parsed']} of {facts['found']} files",
            f"{facts['skipped']} skipped",
            f"{facts['failed']} failed",
        ]
    if step.error is not None:
        parts.append(step.error.code)
    return "  ".join(parts)
