"""`fleet task-dataset`: tables made ready for learning."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from pydantic import ValidationError

from datafleet.commands.connection import find_table, limit_option, no_such, pass_client
from shared_lib.console import Column, CommandError, ExitCode, Group, Output, pass_output
from shared_lib.console.formats import format_bytes, format_count, format_share
from shared_lib.console.times import show_time
from shared_lib.contracts.task_datasets import (
    SplitBalance,
    TaskDatasetCreate,
    TaskDatasetSummary,
    TaskDatasetView,
)

if TYPE_CHECKING:
    from datafleet.client import Client

_COLUMNS: tuple[Column[TaskDatasetView], ...] = (
    Column("name", lambda row: row.name),
    Column("from", lambda row: f"{row.source.dataset_name}/{row.source.table_name}"),
    Column("state", lambda row: row.state.value),
    Column(
        "rows",
        lambda row: row.summary.rows if row.summary else None,
        show=format_count,
        right=True,
    ),
    Column("labels", lambda row: len(row.summary.labels) if row.summary else None, right=True),
    Column("made", lambda row: row.created_at, show=show_time),
    Column("id", lambda row: row.id, whole=True),
)


@click.group(cls=Group)
def task_dataset() -> None:
    """Tables made ready for learning: text, label and split first.

    A task dataset is the next version of a dataset of its own, so suites and triggers see it.
    """


@task_dataset.command("list", fields=TaskDatasetView.model_fields)
@limit_option
@pass_client
@pass_output
def list_task_datasets(output: Output, *, client: "Client", limit: int) -> None:
    """List your task datasets, newest first."""
    if not output.table(client.task_datasets.list(limit=limit), columns=_COLUMNS):
        output.say(
            "Make one: fleet task-dataset create NAME --table T --text COLUMN --label COLUMN"
        )


@task_dataset.command("show", fields=TaskDatasetView.model_fields)
@click.argument("name")
@pass_client
@pass_output
def show(output: Output, *, client: "Client", name: str) -> None:
    """Show a task dataset: its classes by split, what was left out, near-duplicates."""
    _show(output, find_task_dataset(client, name))


@task_dataset.command("create", fields=TaskDatasetView.model_fields)
@click.argument("name")
@click.option("-t", "--table", required=True, metavar="TABLE", help="What it is made from.")
@click.option("--version", type=click.IntRange(min=1), help="Of the table; the newest.")
@click.option("--text", required=True, metavar="COLUMN", help="The column that holds the text.")
@click.option("--label", metavar="COLUMN", help="The column that holds the class.")
@click.option("--label-column", "label_columns", multiple=True, metavar="COLUMN",
              help="Instead: a column of 0 and 1 for a class; once for each.")  # fmt: skip
@click.option("--keep", "labels", multiple=True, metavar="CLASS",
              help="Keep this class; once for each. All are kept when left out.")  # fmt: skip
@click.option("--split", "splits", multiple=True, metavar="NAME=SHARE",
              help="Such as train=0.8; together 1. [0.8, validation 0.1, test 0.1]")  # fmt: skip
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True,
              help="Another one draws other rows.")  # fmt: skip
@click.option("--group", metavar="COLUMN", help="Rows with the same value stay in one split.")
@click.option("--no-stratify", is_flag=True, help="Splits need not have each class's share.")
@click.option("--near-duplicates", type=click.Choice(["together", "report", "ignore"]),
              default="together", show_default=True,
              help="What to do about texts that are nearly the same.")  # fmt: skip
@click.option("--similarity", type=click.FloatRange(0.5, 1), default=0.8, show_default=True,
              help="From where on two texts are nearly the same.")  # fmt: skip
@pass_client
@pass_output
def create(
    output: Output, /, *, client: "Client", name: str, table: str, no_stratify: bool, **chosen: Any
) -> None:
    """Make a table ready for learning, and wait until it is."""
    found = find_table(client, table)
    chosen["table_version"] = chosen.pop("version")
    chosen["splits"] = read_splits(chosen["splits"])
    given = {option: value for option, value in chosen.items() if value not in (None, (), {})}
    try:
        recipe = TaskDatasetCreate.model_validate(
            {"name": name, "table_id": found.id, "stratify": not no_stratify, **given}
        )
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(each) for each in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        raise CommandError(
            f"{place}: {said}" if place else said, exit_code=ExitCode.USAGE
        ) from error
    asked = client.task_datasets.create(recipe)
    job = client.jobs.wait(asked.job_id)
    if job.error is not None:
        raise CommandError(job.error.detail, hint=f"fleet job show {asked.job_id}")
    _show(output, client.task_datasets.read(asked.id))


@task_dataset.command("export", fields=("path", "bytes", "sha256"))
@click.argument("name")
@click.option("--to", required=True, type=click.Path(file_okay=False, path_type=Path),
              metavar="FOLDER", help="Such as data/table of a pipeline.")  # fmt: skip
@click.option("--force", is_flag=True, help="Replace an earlier export in the folder.")
@pass_client
@pass_output
def export(output: Output, *, client: "Client", name: str, to: Path, force: bool) -> None:
    """Write a task dataset into a folder that DVC can track.

    FOLDER gets its Parquet files, FOLDER.json beside it the recipe and what came of it. The same
    task dataset is the same bytes, so `dvc add` sees a change only where there is one.
    """
    found = find_task_dataset(client, name)
    if found.table_version_id is None:
        raise CommandError(f"{name} is not made yet.", hint=f"fleet job show {found.job_id}")
    if not force and any(to.glob("part-*.parquet")):
        raise CommandError(f"{to} holds an export already.", hint="replace it: --force")
    number = next(
        version.number
        for version in client.tables.versions(found.table_id)
        if version.id == found.table_version_id
    )
    done = client.tables.download_parts(found.table_id, to=to, version=number)
    # Beside the folder: small and to be read, so it belongs to git as the folder does to DVC.
    described = to.with_name(f"{to.resolve().name}.json")
    # What names this fleet's own rows differs from run to run; the recipe and its outcome do not.
    kept = found.model_dump_json(include={"name", "recipe", "summary"}, indent=2)
    described.write_text(kept + "\n", encoding="utf-8")
    for each in done:
        if output.as_json:
            output.record({"path": str(each.path), "bytes": each.bytes, "sha256": each.sha256})
        else:
            output.data(str(each.path))
    output.say(f"{format_bytes(sum(each.bytes for each in done))}; track it: dvc add {to}")


def find_task_dataset(client: "Client", name: str) -> TaskDatasetView:
    """The newest task dataset of that name, or the one of that id.

    Raises:
        CommandError: there is none; says which comes closest.
    """
    if name.startswith("tk_"):
        return client.task_datasets.read(name)
    found = next(client.task_datasets.list(name=name, limit=1), None)
    if found is None:
        names = (each.name for each in client.task_datasets.list(limit=500))
        raise no_such(client, "task-dataset", name=name, names=names)
    return found


def read_splits(words: tuple[str, ...]) -> dict[str, float]:
    """`train=0.8` and the like.

    Raises:
        CommandError: a word is not NAME=SHARE.
    """
    splits = {}
    for word in words:
        name, _, share = word.partition("=")
        try:
            splits[name] = float(share)
        except ValueError as error:
            raise CommandError(
                f"--split {word} is not NAME=SHARE, such as train=0.8.", exit_code=ExitCode.USAGE
            ) from error
    return splits


def _show(output: Output, found: TaskDatasetView) -> None:
    if output.as_json:
        output.record(found)
        return
    summary = found.summary
    if summary is None:
        output.say(f"{found.name} is {found.state.value}: fleet job show {found.job_id}")
        return
    output.table(summary.splits, columns=_balance(summary))
    for left_out in summary.left_out:
        rows = format_count(left_out.rows)
        output.say(f"{rows} rows left out: {left_out.reason.replace('_', ' ')}")
    near = summary.near_duplicates
    if near is not None:
        output.say(
            f"{format_count(near.rows)} rows have a near-duplicate, "
            f"{format_count(near.rows_across)} of them in another split"
        )


def _balance(summary: TaskDatasetSummary) -> list[Column[SplitBalance]]:
    def column(label: str) -> Column[SplitBalance]:
        return Column(label, lambda row: row.labels[label], show=format_count, right=True)

    return [
        Column("split", lambda row: row.split),
        Column("rows", lambda row: row.rows, show=format_count, right=True),
        Column("share", lambda row: format_share(row.rows, summary.rows), right=True),
        *(column(label) for label in summary.labels),
    ]
