"""`fleet trigger`: when to train, and why it was or was not."""

from typing import TYPE_CHECKING

import click

from datafleet.commands.connection import limit_option, pass_client
from datafleet.commands.pull_requests import pull_request_option, read_pull_request
from shared_lib.console import Column, Group, Output, pass_output
from shared_lib.console.formats import format_count
from shared_lib.console.times import show_time
from shared_lib.contracts.plans import Resources
from shared_lib.contracts.training import DecisionView, TriggerCreate, TriggerView

if TYPE_CHECKING:
    from datafleet.client import Client

_COLUMNS: tuple[Column[TriggerView], ...] = (
    Column("dataset", lambda row: f"{row.dataset}/{row.table}" if row.table else row.dataset),
    Column("pipeline", lambda row: row.pipeline),
    Column("next time", lambda row: row.next_at, show=show_time),
    Column("schedule", lambda row: row.schedule or ""),
    Column("new rows", lambda row: row.min_rows, show=format_count, right=True),
    Column("seconds apart", lambda row: row.min_interval_s, right=True),
    Column("id", lambda row: row.id, whole=True),
)
_DECISIONS: tuple[Column[DecisionView], ...] = (
    Column("decided", lambda row: row.created_at, show=show_time),
    Column("data", lambda row: f"{row.dataset} v{row.version_number}"),
    Column("pipeline", lambda row: row.pipeline),
    Column("trains", lambda row: "yes" if row.train else "no"),
    Column("rule", lambda row: row.rule),
    Column("why", lambda row: row.reason),
)


@click.group(cls=Group)
def trigger() -> None:
    """When to train, and why it was or was not.

    A trigger is asked about every version of its dataset once the gate has judged it, about the
    newest one when its schedule is due, or when you ask it.
    """


@trigger.command("list", fields=TriggerView.model_fields)
@limit_option
@pass_client
@pass_output
def list_triggers(output: Output, *, client: "Client", limit: int) -> None:
    """List your triggers, newest first."""
    if not output.table(client.triggers.list(limit=limit), columns=_COLUMNS):
        output.say("Make one: fleet trigger create --dataset NAME --pipeline NAME")


@trigger.command("create", fields=TriggerView.model_fields)
@click.option("-d", "--dataset", required=True, metavar="NAME", help="Whose new data trains.")
@click.option("-p", "--pipeline", required=True, metavar="NAME", help="What is trained.")
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE",
              help="Differs from params.yaml, such as train.c=1; YAML.")  # fmt: skip
@click.option("--schedule", metavar="CRON",
              help="Ask at: minute hour day month weekday, UTC, as '0 6 * * 1'.")  # fmt: skip
@click.option("--on-new-data", is_flag=True,
              help="With a schedule: ask about each new version as well.")  # fmt: skip
@click.option("--min-rows", type=click.IntRange(0), default=0, show_default=True,
              help="New rows since the last training that are worth another one.")  # fmt: skip
@click.option("--min-interval", type=click.FloatRange(0), default=0.0, show_default=True,
              help="Seconds between two trainings.")  # fmt: skip
@click.option("--only-passed", is_flag=True, help="Not on what the gate warned of.")
@pull_request_option
@click.option("--gpu/--no-gpu", default=None, help="Ask for a GPU, whatever the pipeline says.")
@pass_client
@pass_output
def create(
    output: Output,
    *,
    client: "Client",
    dataset: str,
    pipeline: str,
    params: tuple[str, ...],
    schedule: str | None,
    on_new_data: bool,
    min_rows: int,
    min_interval: float,
    only_passed: bool,
    pull_request: str | None,
    gpu: bool | None,
) -> None:
    """Train a pipeline when a version of a dataset passes the gate, or by the clock."""
    made = client.triggers.create(
        TriggerCreate(
            dataset=dataset,
            pipeline=pipeline,
            params=read_params(params),
            schedule=schedule,
            on_new_data=True if on_new_data else None,
            min_rows=min_rows,
            min_interval_s=min_interval,
            on_warned=not only_passed,
            pull_request=read_pull_request(pull_request),
            resources=None if gpu is None else Resources(gpu=int(gpu)),
        )
    )
    if output.as_json:
        output.record(made)
        return
    output.data(f"{made.id}  {made.dataset} → {made.pipeline}")
    if made.next_at is not None:
        output.say(f"asked next at {show_time(made.next_at)}")
    output.say("see what it decides: fleet trigger decisions")


@trigger.command("ask", fields=DecisionView.model_fields)
@click.argument("trigger_id")
@pass_client
@pass_output
def ask(output: Output, *, client: "Client", trigger_id: str) -> None:
    """Train now on the newest judged version of its dataset, unless the gate failed."""
    output.table(client.triggers.ask(trigger_id).items, columns=_DECISIONS)


@trigger.command("delete")
@click.argument("trigger_id")
@pass_client
@pass_output
def delete(output: Output, *, client: "Client", trigger_id: str) -> None:
    """Ask a trigger no more; what it decided stays."""
    client.triggers.delete(trigger_id)
    output.say(f"{trigger_id} is asked no more")


@trigger.command("decisions", fields=DecisionView.model_fields)
@limit_option
@pass_client
@pass_output
def decisions(output: Output, *, client: "Client", limit: int) -> None:
    """List what triggers decided and why, newest first."""
    if not output.table(client.triggers.decisions(limit=limit), columns=_DECISIONS):
        output.say("Nothing was decided yet: no version of a trigger's dataset has been judged.")


def read_params(words: tuple[str, ...]) -> dict[str, object]:
    """`NAME=VALUE` words as params; values are YAML, so 1 is a number and [a, b] a list.

    Raises:
        BadParameter: a word has no `=`, or its value is no YAML.
    """
    import yaml  # noqa: PLC0415 - loaded where it is needed

    found: dict[str, object] = {}
    for word in words:
        name, given, value = word.partition("=")
        if not name or not given:
            raise click.BadParameter(f"{word!r} is not NAME=VALUE.", param_hint="--param")
        try:
            found[name] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            said = f"The value of {name} is no YAML."
            raise click.BadParameter(said, param_hint="--param") from error
    return found
