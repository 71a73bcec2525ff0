"""`fleet table export`: a version as an Iceberg table."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from datafleet.commands.connection import find_table, pass_client
from shared_lib.console import Command, CommandError, Output, pass_output
from shared_lib.console.formats import count_of

if TYPE_CHECKING:
    from datafleet.client import Client

_FIELDS = ("identifier", "version", "snapshot_id", "files", "files_added", "metadata")


@click.command("export", cls=Command, fields=_FIELDS)
@click.argument("name")
@click.option("--to", required=True, metavar="FOLDER", type=click.Path(path_type=Path,
              file_okay=False), help="The warehouse; made when missing.")  # fmt: skip
@click.option("--as", "exported_as", metavar="NAMESPACE.TABLE",
              help="What the Iceberg table is called; datafleet.TABLE.")  # fmt: skip
@click.option("--catalog", "catalog_uri", metavar="URI",
              help="A SQL catalog; catalog.db in the warehouse.")  # fmt: skip
@click.option("--version", type=click.IntRange(min=1), help="Its number; the newest.")
@pass_client
@pass_output
def export(
    output: Output,
    *,
    client: "Client",
    name: str,
    to: Path,
    exported_as: str | None,
    catalog_uri: str | None,
    version: int | None,
) -> None:
    """Make a version the newest snapshot of an Iceberg table.

    Its Parquet files are fetched into the warehouse and registered there, not rewritten; what an
    earlier export fetched is not kept twice. Needs the extra `iceberg` of the client.
    """
    from datafleet.iceberg import IcebergError, export_version  # noqa: PLC0415 - when it is called

    found = find_table(client, name)
    namespace, dot, table = (exported_as or "").partition(".")
    if exported_as and not (namespace and dot and re.fullmatch(r"\w+", table)):
        raise click.UsageError(f"--as {exported_as} is no NAMESPACE.TABLE.")
    try:
        made = export_version(
            client,
            found.id,
            to=to,
            name=table or re.sub(r"\W+", "_", found.name),
            namespace=namespace or "datafleet",
            version=version,
            catalog_uri=catalog_uri,
        )
    except IcebergError as error:
        raise CommandError(str(error)) from error
    if output.as_json:
        output.record({field: getattr(made, field) for field in _FIELDS})
        return
    output.data(made.metadata)
    output.say(
        f"{made.identifier} is version {made.version}: {count_of(made.files, 'file')}, "
        f"{made.files_added} of them new there"
    )
