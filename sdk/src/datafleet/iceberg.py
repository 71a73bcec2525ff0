"""Versions of tables as Iceberg tables: their Parquet files are registered, none is rewritten.

Needs the extra: `pip install "datafleet-sdk[iceberg]"`. The catalog is Iceberg's SQL catalog, by
default a SQLite file in the warehouse, which is a folder.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyiceberg.catalog.sql import SqlCatalog
    from pyiceberg.table import Table as IcebergTable

    from datafleet.client import Client

VERSION = "datafleet.version"
TABLE = "datafleet.table"
"""Properties of a snapshot: what it was made from."""
_CATALOG = "catalog.db"


class IcebergError(Exception):
    """The version cannot be an Iceberg table; the message says why and what to do."""


@dataclass(frozen=True)
class Exported:
    """An Iceberg table and its newest snapshot."""

    identifier: str
    version: int
    snapshot_id: int | None
    files: int
    files_added: int
    metadata: str


def export_version(
    client: Client,
    table_id: str,
    *,
    to: Path | str,
    name: str,
    namespace: str = "datafleet",
    version: int | None = None,
    catalog_uri: str | None = None,
) -> Exported:
    """Make a version the newest snapshot of an Iceberg table, by Iceberg's `add_files`.

    The files lie under `to/NAMESPACE/NAME/data`, named after their bytes: what two versions share
    is there once. A version that only adds files to the one before adds them to its snapshot too.

    Args:
        to: the warehouse, a folder that is made when missing.
        name: what the Iceberg table is called.
        version: the newest when left out.
        catalog_uri: where the catalog is, as SQLAlchemy says it; a SQLite file in the warehouse.

    Raises:
        IcebergError: the extra is not installed, or Iceberg has no type for a column.
        FleetApiError: the fleet does not give the files.
    """
    warehouse = Path(to).resolve()
    found = next(
        (each for each in client.tables.versions(table_id) if version in (None, each.number)), None
    )
    if found is None:
        raise IcebergError(f"Table {table_id} has no version {version or 'yet'}.")
    folder = warehouse / namespace / name / "data"
    folder.mkdir(parents=True, exist_ok=True)
    files = [
        _fetched(client, table_id, folder=folder, version=found.number, part=part)
        for part in range(found.parts)
    ]
    catalog = open_catalog(warehouse, uri=catalog_uri)
    try:
        properties = {VERSION: str(found.number), TABLE: table_id}
        identifier = f"{namespace}.{name}"
        table, added = publish_files(catalog, identifier, files, properties=properties)
        snapshot = table.current_snapshot()
        return Exported(
            identifier=identifier,
            version=found.number,
            snapshot_id=snapshot.snapshot_id if snapshot else None,
            files=len(files),
            files_added=added,
            metadata=table.metadata_location,
        )
    finally:
        catalog.close()


def _fetched(client: Client, table_id: str, *, folder: Path, version: int, part: int) -> Path:
    """A file of the version under the name of its digest."""
    with tempfile.TemporaryDirectory(prefix=".fetching-", dir=folder.parent) as scratch:
        to = Path(scratch, "part.parquet")
        done = client.tables.download(table_id, to=to, version=version, part=part)
        target = folder / f"{done.sha256}.parquet"
        if not target.exists():
            done.path.replace(target)
    return target


def open_catalog(warehouse: Path, *, uri: str | None = None) -> SqlCatalog:
    """The SQL catalog `datafleet`, a SQLite file in the warehouse unless it is elsewhere.

    Raises:
        IcebergError: the extra is not installed.
    """
    try:
        from pyiceberg.catalog.sql import SqlCatalog  # noqa: PLC0415 - an extra, loaded when needed
    except ImportError as error:
        raise IcebergError(
            'Iceberg is not installed here. Install it: pip install "datafleet-sdk[iceberg]"'
        ) from error
    return SqlCatalog(
        "datafleet",
        uri=uri or f"sqlite:///{warehouse / _CATALOG}",
        warehouse=warehouse.as_uri(),
    )


def publish_files(
    catalog: SqlCatalog, identifier: str, files: list[Path], *, properties: dict[str, str]
) -> tuple[IcebergTable, int]:
    """Make files the whole content of a table, and say how many of them are new to it.

    Args:
        identifier: `NAMESPACE.TABLE`; made when there is none.
        files: Parquet files, at least one.
        properties: kept with the snapshot.

    Raises:
        IcebergError: the columns do not fit those of the table, or a type is none of Iceberg's.
    """
    table = _table(catalog, identifier, files)
    return table, _publish(table, files, properties=properties)


def _table(catalog: SqlCatalog, identifier: str, files: list[Path]) -> IcebergTable:
    """The Iceberg table, with the columns of all the files."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - comes with the extra

    schemas = [pq.read_schema(file).remove_metadata() for file in files]
    catalog.create_namespace_if_not_exists(identifier.partition(".")[0])
    with _refusals(identifier):
        table = catalog.create_table_if_not_exists(identifier, schema=schemas[0])
        for schema in schemas:
            with table.update_schema() as update:
                update.union_by_name(schema)
    return table


def _publish(table: IcebergTable, files: list[Path], *, properties: dict[str, str]) -> int:
    """Register the files in one commit; how many of them were not there before."""
    wanted = [file.as_uri() for file in files]
    known = set[str]()
    if table.current_snapshot() is not None:
        known = {task.file.file_path for task in table.scan().plan_files()}
    fresh = [file for file in wanted if file not in known]
    with _refusals(".".join(table.name())), table.transaction() as transaction:
        if known <= set(wanted):
            if fresh:
                transaction.add_files(fresh, snapshot_properties=properties)
        else:
            transaction.delete("true", snapshot_properties=properties)
            transaction.add_files(
                wanted, snapshot_properties=properties, check_duplicate_files=False
            )
    return len(fresh)


@contextmanager
def _refusals(identifier: str) -> Iterator[None]:
    """What Iceberg does not take, as an error that says what to do."""
    from pyiceberg.exceptions import ValidationError  # noqa: PLC0415 - as above
    from pyiceberg.io.pyarrow import UnsupportedPyArrowTypeException  # noqa: PLC0415 - as above

    try:
        yield
    except (TypeError, ValueError, ValidationError, UnsupportedPyArrowTypeException) as error:
        raise IcebergError(
            f"Iceberg does not take this version as {identifier}: {error}. Export it under another "
            "name, or convert the file again with a `schema` that gives the column another type."
        ) from error
