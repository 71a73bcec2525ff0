"""`fleet quality`: what the gate found."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from datafleet.commands.connection import LATEST, find_table, limit_option, pass_client
from shared_lib.console import Column, CommandError, ExitCode, Group, Output, pass_output
from shared_lib.console.states import color_of, show_state
from shared_lib.console.times import show_time
from shared_lib.contracts.quality import CheckResult, JudgementView

if TYPE_CHECKING:
    from datafleet.client import Client


def _outcome(row: JudgementView) -> str:
    return row.verdict.value if row.verdict else row.state.value


_LIST: tuple[Column[JudgementView], ...] = (
    Column("judgement", lambda row: row.id, whole=True),
    Column("table", lambda row: f"{row.dataset} v{row.version_number}"),
    Column("suite", lambda row: f"{row.suite_name} v{row.suite_version}"),
    Column("verdict", _outcome, show=show_state, style=lambda row: color_of(_outcome(row))),
    Column("overridden", lambda row: bool(row.overrides)),
    Column("judged", lambda row: row.created_at, show=show_time),
)
_RESULTS: tuple[Column[CheckResult], ...] = (
    Column(
        "result",
        lambda row: row.status.value,
        show=show_state,
        style=lambda row: color_of(row.status),
        whole=True,
    ),
    Column("check", lambda row: row.id, whole=True),
    Column("found", lambda row: row.message),
    Column("to pass", lambda row: row.remedy),
)


@click.group(cls=Group)
def quality() -> None:
    """What the gate found, and why.

    A judgement is named by its id, or as `latest`.
    """


@quality.command("list", fields=JudgementView.model_fields)
@click.option("--table", metavar="NAME", help="Only those of a table's newest version.")
@limit_option
@pass_client
@pass_output
def list_judgements(output: Output, *, client: "Client", table: str | None, limit: int) -> None:
    """List judgements, newest first."""
    version = find_table(client, table).latest_version if table else None
    found = client.judgements.list(table_version=version.id if version else None, limit=limit)
    if not output.table(found, columns=_LIST):
        output.say("Nothing is judged yet. Make a suite: fleet suite infer --dataset NAME")


@quality.command("show", fields=JudgementView.model_fields)
@click.argument("judgement", default=LATEST, metavar="[JUDGEMENT]")
@click.option("--all", "whole", is_flag=True, help="Show what passed as well.")
@pass_client
@pass_output
def show(output: Output, *, client: "Client", judgement: str, whole: bool) -> ExitCode:
    """Show what was found, and what would make it pass. Exit code: 3 when the gate failed."""
    found = find_judgement(client, judgement)
    if output.as_json:
        output.record(found)
    elif found.verdict is None:
        detail = found.error.detail if found.error else f"follow it: fleet job logs {found.job_id}"
        output.data(f"{show_state(found.state)}  {detail}")
    else:
        _show_report(output, client, found, whole=whole)
    return ExitCode.GATE_FAILED if found.verdict == "failed" else ExitCode.OK


@quality.command("report")
@click.argument("judgement", default=LATEST, metavar="[JUDGEMENT]")
@click.option(
    "--to",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Called after the judgement when left out.",
)
@pass_client
@pass_output
def report(output: Output, *, client: "Client", judgement: str, to: Path | None) -> None:
    """Download the report with its pictures, one HTML file."""
    found = find_judgement(client, judgement)
    target = to or Path(f"{found.dataset}-v{found.version_number}-{found.suite_name}.html")
    client.judgements.download_report(found.id, to=target)
    output.data(str(target))


@quality.command("override", fields=JudgementView.model_fields)
@click.argument("judgement")
@click.option("--reason", required=True, help="Kept with your name; at least 10 characters.")
@click.option(
    "--check", "checks", multiple=True, metavar="ID", help="Accept this check alone; repeatable."
)
@pass_client
@pass_output
def override(
    output: Output, *, client: "Client", judgement: str, reason: str, checks: tuple[str, ...]
) -> None:
    """Let a version pass although checks failed; for admins."""
    found = find_judgement(client, judgement)
    after = client.judgements.override(found.id, reason=reason, checks=checks)
    if output.as_json:
        output.record(after)
    else:
        output.data(f"{show_state(_outcome(after))}  {after.dataset} v{after.version_number}")


def find_judgement(client: "Client", name: str) -> JudgementView:
    """The judgement of that id, which may be called `latest`.

    Raises:
        CommandError: there is none yet.
    """
    if name != LATEST:
        return client.judgements.read(name)
    newest: JudgementView | None = next(client.judgements.list(limit=1), None)
    if newest is None:
        raise CommandError(
            "nothing is judged yet.",
            hint="make a suite: fleet suite infer --dataset NAME",
            exit_code=ExitCode.NOT_FOUND,
        )
    return newest


def _show_report(output: Output, client: "Client", found: JudgementView, *, whole: bool) -> None:
    results = client.judgements.report(found.id).results
    shown = [each for each in results if whole or each.status != "passed"]
    if output.for_people:
        output.data(
            f"{found.dataset} v{found.version_number}  {show_state(_outcome(found))}  by "
            f"{found.suite_name} v{found.suite_version}  {show_time(found.created_at)}"
        )
    if shown:
        output.table(shown, columns=_RESULTS)
    for each in found.overrides:
        output.say(f"overridden by {each.subject}: {each.reason}")
    output.say(f"{len(results) - len(shown)} other checks passed; --all shows them")
