"""What commands that talk to a fleet share: `--server`, and finding things by their names."""

import functools
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import click

from shared_lib.console import CommandError, ExitCode

if TYPE_CHECKING:
    from datafleet.client import Client
    from datafleet.models import Dataset, Table
    from shared_lib.contracts.catalog import FlowSummary
    from shared_lib.contracts.knowledge import KnowledgeBaseView

ResultT = TypeVar("ResultT")

LATEST = "latest"
_COMPARED = 500

server_option = click.option(
    "--server", metavar="URL", help="The fleet to talk to [$FLEET_SERVER, or the last login]."
)
limit_option = click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Show at most."
)


def pass_client(function: Callable[..., ResultT]) -> Callable[..., ResultT]:
    """Add `--server` to a command and give its function `client`, signed in by `fleet login`."""

    @server_option
    @functools.wraps(function)
    def with_client(*args: Any, server: str | None, **options: Any) -> ResultT:
        # httpx takes longer to import than a whole command that needs none.
        from datafleet.client import connect  # noqa: PLC0415 - see the line above

        with connect(server) as client:
            return function(*args, client=client, **options)

    return with_client


def find_dataset(client: "Client", name: str) -> "Dataset":
    """The dataset of that name or id.

    Raises:
        CommandError: there is none; says which comes closest.
    """
    from datafleet.errors import NotFoundError  # noqa: PLC0415 - imported by `connect` already

    try:
        return client.datasets.read(name)
    except NotFoundError as error:
        names = (dataset.name for dataset in client.datasets.list(limit=_COMPARED))
        raise no_such(client, "dataset", name=name, names=names) from error


def find_base(client: "Client", name: str) -> "KnowledgeBaseView":
    """The base of that name or id.

    Raises:
        CommandError: there is none; says which comes closest.
    """
    from datafleet.errors import NotFoundError  # noqa: PLC0415 - imported by `connect` already

    try:
        return client.knowledge_bases.read(name)
    except NotFoundError as error:
        names = (each.name for each in client.knowledge_bases.list(limit=500))
        raise no_such(client, "kb", name=name, names=names) from error


def find_table(client: "Client", name: str) -> "Table":
    """The table with that id, of that `dataset/name`, or the only one of that dataset.

    Raises:
        CommandError: there is none, or there are several; says which.
    """
    if name.startswith("tb_"):
        return client.tables.read(name)
    dataset, _, inner = name.partition("/")
    tables = list(client.tables.list(dataset=dataset))
    chosen = [table for table in tables if not inner or inner in (table.name, table.id)]
    if len(chosen) == 1:
        return chosen[0]
    if chosen:
        shown = ", ".join(f"{dataset}/{table.name}" for table in chosen[:5])
        raise CommandError(
            f"dataset '{dataset}' has {len(chosen)} tables; say which.",
            hint=f"such as {shown}; list: fleet table list --dataset {dataset}",
            exit_code=ExitCode.USAGE,
        )
    if not tables:
        # A name that is no dataset's says so; a dataset may also have nothing converted yet.
        find_dataset(client, dataset)
        raise CommandError(
            f"dataset '{dataset}' has no table yet: nothing of it has been converted.",
            hint=f"see how far it is: fleet flow list --dataset {dataset}",
            exit_code=ExitCode.NOT_FOUND,
        )
    names = [f"{dataset}/{table.name}" for table in tables]
    raise no_such(client, "table", name=name, names=names)


def find_flow(client: "Client", name: str, *, dataset: str | None = None) -> str:
    """The id of a flow that may be called `latest`.

    Raises:
        CommandError: there is none yet.
    """
    if name != LATEST:
        return name
    newest: FlowSummary | None = next(client.flows.list(dataset=dataset, limit=1), None)
    if newest is None:
        raise CommandError(
            "there is no flow yet" + (f" of dataset '{dataset}'." if dataset else "."),
            hint="begin one: fleet push FILE",
            exit_code=ExitCode.NOT_FOUND,
        )
    return newest.id


def find_job(client: "Client", name: str) -> str:
    """The id of a job that may be called `latest`.

    Raises:
        CommandError: there is none yet.
    """
    if name != LATEST:
        return name
    newest = next(client.jobs.list(limit=1), None)
    if newest is None:
        raise CommandError("there is no job yet.", exit_code=ExitCode.NOT_FOUND)
    return newest.id


def no_such(client: "Client", noun: str, *, name: str, names: Iterable[str]) -> CommandError:
    """The error for a name that nothing has, with the one that comes closest."""
    closest = get_close_matches(name, list(names), n=1)
    listing = f"list: fleet {noun} list"
    return CommandError(
        f"{noun} '{name}' not found on {urlsplit(client.server).netloc}",
        hint=f"closest is '{closest[0]}'; {listing}" if closest else listing,
        exit_code=ExitCode.NOT_FOUND,
    )
