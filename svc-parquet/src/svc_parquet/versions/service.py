"""Appends and compactions: asking for them, and publishing what they made."""

from dataclasses import dataclass

from shared_lib.contracts.base import utc_now
from shared_lib.contracts.catalog import SourceTable
from shared_lib.contracts.conversions import Part
from shared_lib.contracts.errors import Problem
from shared_lib.contracts.events import (
    DATASET_VERSION_DERIVED,
    TABLE_PUBLISHED,
    DatasetVersionDerived,
    TablePublished,
)
from shared_lib.contracts.ids import IdKind, new_id
from shared_lib.contracts.jobs import JobState
from shared_lib.contracts.tables import ColumnView
from shared_lib.contracts.versions import AppendCreate, SchemaChanges, TableChangeView
from shared_lib.db.engine import ReadView, WriteUnit
from shared_lib.db.pages import KeysetPage
from shared_lib.events import emit
from shared_lib.jobs import JobQueue, Runtime
from svc_parquet.tables.models import TableRow, TableVersionRow
from svc_parquet.tables.objects import PART
from svc_parquet.tables.repository import TableRepository, TableVersionRepository
from svc_parquet.tables.service import NewVersion, StoredObjects, Tables
from svc_parquet.versions.errors import (
    NothingToCompactError,
    TableChangedError,
    TableChangeNotFoundError,
)
from svc_parquet.versions.evolution import evolve
from svc_parquet.versions.models import TableChangeRow
from svc_parquet.versions.repository import TableChangeRepository
from svc_parquet.versions.requests import APPEND, COMPACT


@dataclass(frozen=True)
class Made:
    """What a job hands over: the next version's columns and files, and what it began from."""

    base_id: str
    columns: list[ColumnView]
    parts: list[Part]
    changes: SchemaChanges
    shared: int
    parts_before: int


class TableChanges:
    """The appends and compactions of all tenants."""

    def __init__(self, runtime: Runtime, *, tables: Tables) -> None:
        self._runtime = runtime
        self._tables = tables
        self._queue = JobQueue(runtime)

    def append(
        self, unit: WriteUnit, table_id: str, *, tenant: str, body: AppendCreate
    ) -> TableChangeView:
        """Ask for an append; the catalog hears of the version at once.

        Raises:
            TableNotFoundError, TableNotPublishedError, TableVersionNotFoundError: of either table.
            SchemaConflictError: the columns do not fit together as they are now.
        """
        table, base = self._tables.version(unit, table_id, tenant=tenant, number=body.base_version)
        _, source = self._tables.version(
            unit, body.source_table_id, tenant=tenant, number=body.source_version
        )
        evolve(_columns(base), _columns(source), widen_to_text=body.widen_to_text)
        dataset_version = new_id(IdKind.DATASET_VERSION)
        row = self._add(
            unit,
            table,
            kind=APPEND,
            base_id=base.id if body.base_version is not None else None,
            source_id=source.id,
            version_id=dataset_version,
            flow_id=new_id(IdKind.FLOW),
            widen_to_text=body.widen_to_text,
        )
        self._tell_derived(unit, row, table=table)
        return self._view(unit, row)

    def compact(self, unit: WriteUnit, table_id: str, *, tenant: str) -> TableChangeView:
        """Ask for the newest version in as few files as can be.

        Raises:
            TableNotFoundError, TableNotPublishedError: there is nothing of it.
            NothingToCompactError: it is one file.
        """
        table, base = self._tables.version(unit, table_id, tenant=tenant, number=None)
        if base.parts < 2:
            raise NothingToCompactError(
                f"Version {base.number} of {table.name} is one file already."
            )
        row = self._add(
            unit,
            table,
            kind=COMPACT,
            base_id=None,
            source_id=None,
            version_id=None,
            flow_id=None,
            widen_to_text=False,
        )
        return self._view(unit, row)

    def _add(
        self,
        unit: WriteUnit,
        table: TableRow,
        *,
        kind: str,
        base_id: str | None,
        source_id: str | None,
        version_id: str | None,
        flow_id: str | None,
        widen_to_text: bool,
    ) -> TableChangeRow:
        changes, change_id = TableChangeRepository(unit), new_id(IdKind.TABLE_CHANGE)
        job = self._queue.request(
            unit,
            kind=kind,
            tenant=table.tenant,
            params={"change_id": change_id},
            subject_id=version_id or table.id,
            flow_id=flow_id,
        )
        number = changes.last_number(table.dataset_id) + 1 if version_id else None
        return changes.add(
            TableChangeRow(
                id=change_id,
                tenant=table.tenant,
                kind=kind,
                table_id=table.id,
                base_version_id=base_id,
                source_version_id=source_id,
                version_id=version_id,
                version_number=number,
                flow_id=flow_id,
                job_id=job.id,
                widen_to_text=widen_to_text,
                table_version_id=None,
                outcome=None,
                created_at=utc_now(),
            )
        )

    def _tell_derived(self, unit: WriteUnit, row: TableChangeRow, *, table: TableRow) -> None:
        assert row.version_id is not None  # noqa: S101 - an append's
        assert row.source_version_id is not None  # noqa: S101
        changes = TableChangeRepository(unit)
        source = changes.version(row.source_version_id)
        source_table = changes.table(source.table_id)
        emit(
            unit,
            spec=DATASET_VERSION_DERIVED,
            payload=DatasetVersionDerived(
                dataset_id=table.dataset_id,
                dataset_name=table.dataset_name,
                version_id=row.version_id,
                source=SourceTable(
                    dataset_name=source_table.dataset_name,
                    table_id=source_table.id,
                    table_name=source_table.name,
                    table_version_id=source.id,
                    table_version_number=source.number,
                ),
            ),
            producer=self._runtime.name,
            tenant=row.tenant,
            flow_id=row.flow_id,
            doorbell=self._runtime.doorbell,
        )

    def publish(
        self, unit: WriteUnit, *, change_id: str, made: Made, objects: StoredObjects
    ) -> None:
        """Write the next version; runs in the transaction that ends the job.

        Raises:
            TableChangedError: what the job began from is not the newest version any more.
        """
        changes = TableChangeRepository(unit)
        row = changes.get(change_id)
        if row is None:
            raise TableChangeNotFoundError(f"There is no change {change_id}.")
        TableRepository(unit).lock(row.table_id)
        latest = TableVersionRepository(unit).latest(row.table_id)
        if row.base_version_id is None and (latest is None or latest.id != made.base_id):
            raise TableChangedError(
                "Another version was published meanwhile; this begins again on top of it."
            )
        base = changes.version(made.base_id)
        source = changes.version(row.source_version_id) if row.source_version_id else None
        version = self._tables.add_version(
            unit,
            NewVersion(
                tenant=row.tenant,
                table_id=row.table_id,
                origin="append" if row.kind == APPEND else "compaction",
                file_id=row.version_id or base.file_id,
                dataset_version_id=row.version_id or base.dataset_version_id,
                flow_id=row.flow_id or base.flow_id,
                bytes_in=base.bytes_in + (source.bytes_in if source else 0),
                quarantined_rows=base.quarantined_rows + (source.quarantined_rows if source else 0),
                columns=made.columns,
                parts=made.parts,
            ),
            objects=objects,
        )
        row.table_version_id = version.id
        row.outcome = {
            "changes": made.changes.model_dump(mode="json"),
            "parts_before": made.parts_before,
            "parts_shared": made.shared,
        }
        if row.kind == APPEND:
            self._tell_published(unit, row, version=version, objects=objects)

    def _tell_published(
        self,
        unit: WriteUnit,
        row: TableChangeRow,
        *,
        version: TableVersionRow,
        objects: StoredObjects,
    ) -> None:
        table = TableChangeRepository(unit).table(row.table_id)
        emit(
            unit,
            spec=TABLE_PUBLISHED,
            payload=TablePublished(
                dataset_id=table.dataset_id,
                version_id=version.dataset_version_id,
                file_id=version.file_id,
                table_id=table.id,
                table_version_id=version.id,
                table_name=table.name,
                dataset_name=table.dataset_name,
                version_number=row.version_number or 0,
                parts=[part.key for part in objects[PART]],
                job_id=row.job_id,
                rows=version.rows,
                columns=len(version.columns),
                bytes_in=version.bytes_in,
                bytes_out=version.bytes,
                quarantined_rows=version.quarantined_rows,
            ),
            producer=self._runtime.name,
            tenant=row.tenant,
            flow_id=row.flow_id,
            doorbell=self._runtime.doorbell,
        )

    def page(
        self, view: ReadView, table_id: str, *, tenant: str, limit: int, cursor: str | None
    ) -> KeysetPage[TableChangeView]:
        """The changes of a table, newest first."""
        table = self._tables.read(view, table_id, tenant=tenant)
        page = TableChangeRepository(view).page(
            tenant=tenant, limit=limit, cursor=cursor, where=(TableChangeRow.table_id == table.id,)
        )
        return KeysetPage(rows=[self._view(view, row) for row in page.rows], next=page.next)

    def read(
        self, view: ReadView, change_id: str, *, table_id: str, tenant: str
    ) -> TableChangeView:
        """One change.

        Raises:
            TableChangeNotFoundError: no such change of this table.
        """
        row = TableChangeRepository(view).find(change_id, tenant=tenant)
        if row is None or row.table_id != table_id:
            raise TableChangeNotFoundError(f"There is no change {change_id} of this table.")
        return self._view(view, row)

    def _view(self, view: ReadView, row: TableChangeRow) -> TableChangeView:
        changes = TableChangeRepository(view)
        job, outcome = changes.job_of(row), row.outcome or {}
        made = changes.version(row.table_version_id) if row.table_version_id else None
        return TableChangeView(
            id=row.id,
            kind="append" if row.kind == APPEND else "compaction",
            table_id=row.table_id,
            source_version_id=row.source_version_id,
            job_id=row.job_id,
            flow_id=row.flow_id,
            state=JobState(job.state),
            table_version_id=row.table_version_id,
            number=made.number if made else None,
            parts_before=outcome.get("parts_before"),
            parts_after=made.parts if made else None,
            parts_shared=outcome.get("parts_shared"),
            changes=SchemaChanges.model_validate(outcome.get("changes", {})),
            error=Problem.model_validate(job.error) if job.error else None,
            created_at=row.created_at,
        )


def _columns(version: TableVersionRow) -> list[ColumnView]:
    return [ColumnView.model_validate(column) for column in version.columns]
