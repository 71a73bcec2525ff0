"""`fleet suite`: what must hold of a dataset's tables."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from datafleet.commands.connection import find_dataset, limit_option, no_such, pass_client
from shared_lib.console import Column, CommandError, ExitCode, Group, Output, pass_output
from shared_lib.console.formats import format_count
from shared_lib.console.times import show_time
from shared_lib.contracts.quality import SuiteView

if TYPE_CHECKING:
    from datafleet.client import Client

_COLUMNS: tuple[Column[SuiteView], ...] = (
    Column("suite", lambda row: row.name),
    Column("dataset", lambda row: f"{row.dataset}/{row.table}" if row.table else row.dataset),
    Column("version", lambda row: row.version, right=True),
    Column("checks", lambda row: len(row.suite.checks), show=format_count, right=True),
    Column("changed", lambda row: row.changed_at, show=show_time),
    Column("id", lambda row: row.id, whole=True),
)

_dataset = click.option("-d", "--dataset", required=True, metavar="NAME", help="The dataset.")


@click.group(cls=Group)
def suite() -> None:
    """What must hold of a dataset's tables.

    Every table that is published of the dataset is judged by it.
    """


@suite.command("list", fields=SuiteView.model_fields)
@click.option("--dataset", metavar="NAME", help="Only those of one dataset.")
@limit_option
@pass_client
@pass_output
def list_suites(output: Output, *, client: "Client", dataset: str | None, limit: int) -> None:
    """List your suites, newest first."""
    if not output.table(client.suites.list(dataset=dataset, limit=limit), columns=_COLUMNS):
        output.say("There is no suite yet. Make one: fleet suite infer --dataset NAME")


@suite.command("show", fields=SuiteView.model_fields)
@click.argument("name")
@click.option("--dataset", metavar="NAME", help="Needed when several datasets have such a suite.")
@pass_client
@pass_output
def show(output: Output, *, client: "Client", name: str, dataset: str | None) -> None:
    """Print a suite as YAML, to be changed and pushed again."""
    found = find_suite(client, name, dataset=dataset)
    if output.as_json:
        output.record(found)
        return
    from shared_lib.console.suite_files import write_suite  # noqa: PLC0415 - loads yaml

    output.data(write_suite(found.suite).rstrip())


@suite.command("push", fields=SuiteView.model_fields)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_dataset
@click.option("--table", metavar="NAME", help="Judge this one of its tables alone.")
@click.option("--reference", metavar="ID", help="The table version that drift is measured against.")
@pass_client
@pass_output
def push(
    output: Output,
    *,
    client: "Client",
    file: Path,
    dataset: str,
    table: str | None,
    reference: str | None,
) -> None:
    """Make a YAML or JSON file the next version of a dataset's suite."""
    from shared_lib.console.suite_files import read_suite  # noqa: PLC0415 - loads yaml

    written = read_suite(file.read_text(encoding="utf-8"))
    made = client.suites.put(written, dataset=dataset, table=table, reference=reference)
    _say_made(output, made)


@suite.command("infer", fields=SuiteView.model_fields)
@_dataset
@click.option("--name", metavar="NAME", help="Called after the dataset when left out.")
@click.option("--label", metavar="COLUMN", help="The column that a model predicts.")
@pass_client
@pass_output
def infer(
    output: Output, *, client: "Client", dataset: str, name: str | None, label: str | None
) -> None:
    """Make a suite that the dataset's newest table passes, as a beginning.

    That table becomes the reference for drift.
    """
    find_dataset(client, dataset)
    job_id = client.suites.infer(dataset, name=name or dataset, label=label)
    job = client.jobs.wait(job_id)
    if job.error is not None:
        raise CommandError(job.error.detail, hint=f"fleet job show {job_id}")
    _say_made(output, find_suite(client, name or dataset, dataset=dataset))


def find_suite(client: "Client", name: str, *, dataset: str | None) -> SuiteView:
    """The suite of that name or id.

    Raises:
        CommandError: there is none, or there are several.
    """
    if name.startswith("su_"):
        return client.suites.read(name)
    known = list(client.suites.list(dataset=dataset))
    found = [each for each in known if each.name == name]
    if not found:
        raise no_such(client, "suite", name=name, names=[each.name for each in known])
    if len(found) > 1:
        raise CommandError(
            f"{len(found)} datasets have a suite '{name}'; say which.",
            hint=f"--dataset {found[0].dataset}",
            exit_code=ExitCode.USAGE,
        )
    return found[0]


def _say_made(output: Output, made: SuiteView) -> None:
    if output.as_json:
        output.record(made)
        return
    output.data(f"{made.name} v{made.version}  {made.dataset}  {len(made.suite.checks)} checks")
    output.say(f"look at it, change it: fleet suite show {made.name} --dataset {made.dataset}")
