"""`fleet job`: long work, of all services."""

from typing import TYPE_CHECKING

import click

from datafleet.commands.connection import LATEST, find_job, limit_option, pass_client
from shared_lib.console import Column, ExitCode, Group, Output, pass_output
from shared_lib.console.formats import (
    format_bytes,
    format_count,
    format_duration,
    format_rate,
    printable,
)
from shared_lib.console.progress import Progress as Bar
from shared_lib.console.states import color_of, show_state, styled_mark
from shared_lib.console.times import show_clock, show_time
from shared_lib.contracts.jobs import JobState, JobSummary, JobView, Progress
from shared_lib.contracts.services import ServiceName

if TYPE_CHECKING:
    from datafleet.client import Client
    from datafleet.jobs import JobEvent
    from datafleet.models import LogLine

_LOG_FIELDS = ("id", "at", "level", "message", "facts")
_LEVEL_COLORS = {"warning": "yellow", "error": "red", "critical": "red"}


def _seconds(row: JobSummary) -> float | None:
    if row.started_at is None or row.ended_at is None:
        return None
    return (row.ended_at - row.started_at).total_seconds()


_LIST: tuple[Column[JobSummary], ...] = (
    Column("job", lambda row: row.id, whole=True),
    Column("kind", lambda row: row.kind),
    Column("service", lambda row: row.service),
    Column(
        "state",
        lambda row: row.state.value,
        show=show_state,
        style=lambda row: color_of(row.state),
    ),
    Column("created", lambda row: row.created_at, show=show_time),
    Column("took", _seconds, show=format_duration, right=True),
    Column("error", lambda row: row.error.code if row.error else None),
)


@click.group(cls=Group)
def job() -> None:
    """Long work, of all services.

    A job is named by its id, or as `latest`.
    """


@job.command("list", fields=JobSummary.model_fields)
@click.option(
    "--state",
    type=click.Choice([each.value for each in JobState]),
    help="Only those in this state.",
)
@click.option(
    "--service",
    type=click.Choice([each.value for each in ServiceName]),
    help="Only those of a service.",
)
@click.option("--flow", metavar="ID", help="Only those of a flow.")
@limit_option
@pass_client
@pass_output
def list_jobs(
    output: Output,
    *,
    client: "Client",
    state: str | None,
    service: str | None,
    flow: str | None,
    limit: int,
) -> None:
    """List jobs, newest first."""
    jobs = client.jobs.list(
        state=JobState(state) if state else None, service=service, flow=flow, limit=limit
    )
    if not output.table(jobs, columns=_LIST):
        output.say("There is no such job.")


@job.command("show", fields=JobView.model_fields)
@click.argument("job_id", default=LATEST, metavar="[JOB]")
@pass_client
@pass_output
def show(output: Output, *, client: "Client", job_id: str) -> None:
    """Show a job: its state, how far it is, why it failed."""
    found = client.jobs.read(find_job(client, job_id))
    if output.as_json:
        output.record(found)
    else:
        output.facts(_describe(found))


@job.command("watch", fields=("event", "data"))
@click.argument("job_id", default=LATEST, metavar="[JOB]")
@click.option("--timeout", type=click.FloatRange(min=0), help="Give up after that many seconds.")
@pass_client
@pass_output
def watch(output: Output, *, client: "Client", job_id: str, timeout: float | None) -> ExitCode:
    """Follow a job until it ends. Exit code: 1 when it failed, 6 when the time is over."""
    state = None
    with output.progress(job_id) as bar:
        for event in client.jobs.watch(find_job(client, job_id), timeout_s=timeout):
            state = event.state or state
            if output.as_json:
                output.record({"event": event.name, "data": event.data})
            else:
                _say_event(output, event, bar=bar)
    return ExitCode.OK if state == JobState.SUCCEEDED else ExitCode.FAILED


@job.command("log", fields=_LOG_FIELDS)
@click.argument("job_id", default=LATEST, metavar="[JOB]")
@pass_client
@pass_output
def log(output: Output, *, client: "Client", job_id: str) -> None:
    """Print what a job has written so far; `watch` follows it."""
    for line in client.jobs.log(find_job(client, job_id)):
        if output.as_json:
            output.record(line)
        else:
            output.data(_show_line(line))


@job.command("cancel", fields=JobView.model_fields)
@click.argument("job_id", metavar="JOB")
@pass_client
@pass_output
def cancel(output: Output, *, client: "Client", job_id: str) -> None:
    """End a job, with everything it started."""
    found = client.jobs.cancel(job_id)
    if output.as_json:
        output.record(found)
    elif found.state.ended:
        output.say(f"{styled_mark(found.state)} {found.id} is {found.state.value}")
    else:
        output.say(f"{found.id} is being stopped; see: fleet job watch {found.id}")


def _say_event(output: Output, event: "JobEvent", *, bar: Bar) -> None:
    if event.progress is not None:
        bar.update(done=event.progress.done, total=event.progress.total)
    if event.name == "log" and event.message is not None:
        output.data(printable(event.message))
    elif event.name == "state" and event.state is not None:
        output.data(f"{styled_mark(event.state)} {event.state.value}")
    elif event.job is not None and event.job.error is not None:
        output.say(printable(event.job.error.detail))


def _show_line(line: "LogLine") -> str:
    level = click.style(f"{line.level:<7}", fg=_LEVEL_COLORS.get(line.level))
    facts = "".join(f"  {name}={value}" for name, value in line.facts.items())
    return f"{show_clock(line.at)}  {level}  {printable(line.message + facts)}"


def _describe(found: JobView) -> dict[str, str]:
    facts = {
        "job": found.id,
        "kind": f"{found.kind} of {found.service}",
        "state": show_state(found.state),
        "tries": f"{found.attempts} of {found.max_attempts}",
        "created": show_time(found.created_at),
        "progress": describe_progress(found.progress),
    }
    if found.waits_for:
        facts["waits for"] = found.waits_for
    if found.started_at and found.ended_at:
        facts["took"] = format_duration((found.ended_at - found.started_at).total_seconds())
    if found.flow_id:
        facts["flow"] = found.flow_id
    if found.error is not None:
        facts["error"] = found.error.detail
    return facts


def describe_progress(progress: Progress) -> str:
    """``12.0 MB of 412 MB, 38.1 MB/s, 10 s to go``."""
    show = format_bytes if progress.unit == "bytes" else _counted
    parts = [show(progress.done)]
    if progress.total is not None:
        parts[0] += f" of {show(progress.total)}"
    if progress.unit != "bytes":
        parts[0] = f"{parts[0]} {progress.unit}".rstrip()
    if progress.rate is not None:
        parts.append(format_rate(progress.rate, unit=progress.unit))
    if progress.eta_s is not None:
        parts.append(f"{format_duration(progress.eta_s)} to go")
    return ", ".join(parts)


def _counted(value: float) -> str:
    return format_count(int(value))
