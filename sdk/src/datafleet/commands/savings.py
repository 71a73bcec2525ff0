"""`fleet dataset savings` and `fleet dataset prices`: what was saved, by which prices."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click
from pydantic import ValidationError

from datafleet.commands.connection import find_dataset, pass_client
from shared_lib.console import Column, Command, CommandError, ExitCode, Output, pass_output
from shared_lib.console.formats import format_bytes, format_change
from shared_lib.contracts.savings import BeforeAfter, DatasetSavings, PriceTable

if TYPE_CHECKING:
    from datafleet.client import Client


def show_bytes(amount: BeforeAfter) -> str:
    """`5.54 MB → 677 kB (−88 %)`."""
    before, after = int(amount.before), int(amount.after)
    sizes = f"{format_bytes(before)} → {format_bytes(after)}"
    return f"{sizes} ({format_change(before, after)})" if before else sizes


def _money(currency: str) -> Any:
    return lambda amount: f"{amount.before:,.2f} → {amount.after:,.2f} {currency}"


def _columns(currency: str) -> tuple[Column[DatasetSavings], ...]:
    return (
        Column("dataset", lambda row: row.dataset or "all"),
        Column("tables", lambda row: row.tables, right=True),
        Column("stored", lambda row: row.bytes, show=show_bytes),
        Column("count reads", lambda row: row.query_bytes.count, show=show_bytes),
        Column("column reads", lambda row: row.query_bytes.column, show=show_bytes),
        Column("filter reads", lambda row: row.query_bytes.filter, show=show_bytes),
        Column("money", lambda row: row.money.total, show=_money(currency)),
    )


def _exact(name: str, of: Callable[[DatasetSavings], BeforeAfter]) -> list[Column[DatasetSavings]]:
    """An amount as a program reads it: a column before, a column after."""
    return [
        Column(f"{name} before", lambda row: _plain(of(row).before)),
        Column(f"{name} after", lambda row: _plain(of(row).after)),
    ]


def _plain(amount: float) -> str:
    return f"{amount:.2f}".removesuffix(".00")


_EXACT: tuple[Column[DatasetSavings], ...] = (
    Column("dataset", lambda row: row.dataset or "all"),
    Column("tables", lambda row: row.tables),
    *_exact("stored", lambda row: row.bytes),
    *_exact("count reads", lambda row: row.query_bytes.count),
    *_exact("column reads", lambda row: row.query_bytes.column),
    *_exact("filter reads", lambda row: row.query_bytes.filter),
    *_exact("money", lambda row: row.money.total),
)


@click.command("savings", cls=Command, fields=DatasetSavings.model_fields)
@click.argument("name", required=False)
@pass_client
@pass_output
def savings(output: Output, *, client: "Client", name: str | None) -> None:
    """Show what the tables of a dataset, or all, save against their files."""
    if name is not None:
        find_dataset(client, name)
    found = client.savings.read(dataset=name)
    rows = [*found.datasets, found.total] if name is None else found.datasets
    columns = _columns(found.prices.currency) if output.for_people else _EXACT
    output.table(rows, columns=columns)
    for said in found.assumptions:
        output.say(said)
    if found.total.unmeasured_tables:
        output.say(f"{found.total.unmeasured_tables} tables are not measured yet: ask again.")
    output.say("other prices: fleet dataset prices --set NAME=VALUE")


@click.command("prices", cls=Command, fields=PriceTable.model_fields)
@click.option("--set", "changes", multiple=True, metavar="NAME=VALUE",
              help="Such as storage_per_gb_month=0.02; again for each.")  # fmt: skip
@pass_client
@pass_output
def prices(output: Output, *, client: "Client", changes: tuple[str, ...]) -> None:
    """Show the prices that savings are told by, or set some of them."""
    known = client.savings.prices()
    if changes:
        given = dict(word.partition("=")[::2] for word in changes)
        try:
            known = PriceTable.model_validate(known.model_dump() | given)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(each) for each in first["loc"])
            raise CommandError(f"{place}: {first['msg']}", exit_code=ExitCode.USAGE) from error
        known = client.savings.set_prices(known)
    if output.as_json:
        output.record(known)
    else:
        output.facts({name: str(value) for name, value in known.model_dump().items()})
