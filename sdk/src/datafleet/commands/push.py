"""`fleet push`: files to the fleet, followed until they are tables."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from datafleet.commands.connection import pass_client
from datafleet.commands.documents import follow_documents
from datafleet.commands.results import FileResult, pending_results, read_results
from datafleet.errors import InvalidRequestError, TransferDamagedError
from datafleet.pushes import LocalFile, Push, plan_push
from shared_lib.console import Command, ExitCode, Output, pass_output
from shared_lib.console.conversion_options import conversion_options
from shared_lib.console.formats import (
    count_of,
    format_bytes,
    format_change,
    format_duration,
    format_shape,
    printable,
)
from shared_lib.console.states import styled_mark
from shared_lib.contracts.catalog import FlowState, StepState, VersionPurpose, VersionView
from shared_lib.contracts.conversions import ConversionOptions
from shared_lib.contracts.verdicts import Verdict

if TYPE_CHECKING:
    from datafleet.client import Client
    from datafleet.models import Flow


@click.command(cls=Command, fields=FileResult.model_fields)
@click.argument("sources", nargs=-1, required=True, metavar="FILE|FOLDER...")
@click.option("-d", "--dataset", metavar="NAME", help="Land everything as its next version.")
@conversion_options
@click.option("--documents", is_flag=True, help="For knowledge bases: convert nothing to tables.")
@click.option("--wait/--no-wait", default=True, help="Follow until converted (the default).")
@click.option("--timeout", type=click.FloatRange(min=0), help="Stop waiting after these seconds.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent; send nothing.")
@pass_client
@pass_output
def push(
    output: Output,
    *,
    client: "Client",
    sources: tuple[str, ...],
    dataset: str | None,
    options: ConversionOptions,
    documents: bool,
    wait: bool,
    timeout: float | None,
    dry_run: bool,
) -> ExitCode:
    """Send files, and follow them to tables.

    A file becomes a dataset that is called after it, a folder one that keeps its tree; with
    --dataset everything lands as one version. Prints a line a file: rows, columns, size before
    and after, columns widened, rows quarantined.

    Exit code: 1 when a file failed, 3 when nothing but the quality gate did, 6 when the time is
    over (the conversion goes on).
    """
    pushes = plan_push(sources, dataset=dataset)
    if dry_run:
        _say_plan(output, pushes)
        return ExitCode.OK
    purpose: VersionPurpose = "documents" if documents else "tables"
    versions = _send(output, client, pushes, options=options, purpose=purpose)
    worst = ExitCode.OK if len(versions) == len(pushes) else ExitCode.FAILED
    if documents:
        return max(worst, follow_documents(output, client, versions, wait=wait, timeout=timeout))
    if not wait:
        for version in versions:
            _print(output, pending_results(version))
            output.say(f"follow it: fleet flow watch {version.flow_id}")
        return worst
    for version in versions:
        flow = _follow(output, client, version, timeout=timeout)
        results = read_results(flow)
        _print(output, results)
        if flow.state != FlowState.SUCCEEDED and worst != ExitCode.FAILED:
            worst = _exit_code(results)
    return worst


def _exit_code(results: Sequence[FileResult]) -> ExitCode:
    """The gate's own code when nothing but the gate failed."""
    failed = [result for result in results if result.state != StepState.SUCCEEDED]
    only_gate = failed and all(result.verdict == Verdict.FAILED for result in failed)
    return ExitCode.GATE_FAILED if only_gate else ExitCode.FAILED


def _say_plan(output: Output, pushes: Sequence[Push]) -> None:
    for each in pushes:
        for file in each.files:
            size = file.path.stat().st_size
            if output.as_json:
                output.record({"dataset": each.dataset, "file": file.name, "bytes_in": size})
            else:
                output.data(
                    f"would send {printable(str(file.path))} to {each.dataset} as "
                    f"{printable(file.name)}  {format_bytes(size)}"
                )


def _send(
    output: Output,
    client: "Client",
    pushes: Sequence[Push],
    *,
    options: ConversionOptions,
    purpose: VersionPurpose,
) -> list[VersionView]:
    sizes = {file.path: file.path.stat().st_size for each in pushes for file in each.files}
    before = 0
    with output.progress("sending", total=sum(sizes.values())) as bar:
        current: Path | None = None

        def sent(file: LocalFile, count: int) -> None:
            nonlocal before, current
            if current is not None and file.path != current:
                before += sizes[current]
            current = file.path
            bar.update(done=before + count, text=printable(file.path.name))

        versions = []
        for each in pushes:
            try:
                version = client.send(each, options=options, purpose=purpose, progress=sent)
            except (InvalidRequestError, TransferDamagedError) as error:
                # One file that is refused keeps none of the others.
                if len(pushes) == 1:
                    raise
                output.warn(f"{each.dataset} was not sent: {error}")
                continue
            versions.append(version)
            output.detail(f"landed as {version.dataset_name} v{version.number}: {version.flow_id}")
    return versions


def _follow(
    output: Output, client: "Client", version: VersionView, *, timeout: float | None
) -> "Flow":
    name = f"{version.dataset_name} v{version.number}"
    total = len(version.files)
    try:
        with output.progress(f"converting {name}", total=total, unit="files") as bar:
            for flow in client.flows.watch(version.flow_id, timeout_s=timeout):
                bar.update(done=sum(result.ended for result in read_results(flow)))
    except KeyboardInterrupt:
        output.say(f"it goes on without you: fleet flow watch {version.flow_id}")
        raise
    return flow


def _print(output: Output, results: Sequence[FileResult]) -> None:
    for result in results:
        if output.as_json:
            output.record(result)
        else:
            output.data(_line(result))
            if result.error is not None:
                output.data(f"  {printable(result.error.detail)}")
            elif result.quarantined_rows:
                name = f"{result.dataset}/{result.table}" if result.table else result.table_id
                where = f"fleet table download {name} --quarantine"
                output.say(f"  see the rows that were set aside: {where}")


def _line(result: FileResult) -> str:
    parts = [
        f"{styled_mark(result.state)} {result.dataset} v{result.version}",
        printable(result.file),
    ]
    if result.tables > 1 and result.rows is not None:
        parts.append(f"{result.tables} tables, {count_of(result.rows, 'row')}")
    elif result.rows is not None and result.columns is not None:
        parts.append(format_shape(result.rows, result.columns))
    if result.bytes_out is None:
        parts.append(format_bytes(result.bytes_in))
    else:
        change = format_change(result.bytes_in, result.bytes_out)
        sizes = f"{format_bytes(result.bytes_in)} → {format_bytes(result.bytes_out)}"
        parts.append(f"{sizes} ({change})")
    if result.widened_columns:
        parts.append(f"{count_of(result.widened_columns, 'column')} widened")
    if result.quarantined_rows:
        parts.append(
            click.style(f"{count_of(result.quarantined_rows, 'row')} quarantined", fg="yellow")
        )
    if result.verdict is not None:
        parts.append(f"{styled_mark(result.verdict)} {result.verdict.value}")
    if result.duration_s:
        parts.append(format_duration(result.duration_s))
    if result.error is not None:
        parts.append(result.error.code)
    return "  ".join(parts)
