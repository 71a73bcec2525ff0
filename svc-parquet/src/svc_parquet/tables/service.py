"""Tables: publishing a version, and answering what is in it."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement

from shared_lib.contracts.base import utc_now
from shared_lib.contracts.conversions import ConversionReport, Part, TableProfile, TableSource
from shared_lib.contracts.ids import IdKind, new_id
from shared_lib.contracts.tables import (
    ColumnView,
    TablePreview,
    TableProfileView,
    TableVersionView,
    TableView,
    VersionOrigin,
)
from shared_lib.db.engine import ReadView, WriteUnit
from shared_lib.db.pages import KeysetPage
from shared_lib.jobs.runtime import Runtime
from shared_lib.storage import StoredObject
from svc_parquet.conversions.models import ConversionRow, SourceFileRow
from svc_parquet.tables.errors import (
    NothingQuarantinedError,
    PartNotFoundError,
    SeveralPartsError,
    TableNotFoundError,
    TableNotPublishedError,
    TableVersionNotFoundError,
)
from svc_parquet.tables.models import TableObjectRow, TableRow, TableVersionRow
from svc_parquet.tables.objects import PART, PREVIEW, QUARANTINE, REPORT
from svc_parquet.tables.repository import TableRepository, TableVersionRepository

StoredObjects = dict[str, list[StoredObject]]
"""Objects by role, in order."""


@dataclass(frozen=True)
class NewVersion:
    """A version that is about to be published.

    Attributes:
        origin: what made it; only a conversion has a `conversion_id`.
        file_id: the landed file; the dataset version's id when it was made from tables.
        bytes_in: what it was made from.
        source: where in its file it was found.
    """

    tenant: str
    table_id: str
    origin: VersionOrigin
    file_id: str
    dataset_version_id: str
    flow_id: str | None
    bytes_in: int
    columns: list[ColumnView]
    parts: list[Part]
    conversion_id: str | None = None
    quarantined_rows: int = 0
    source: TableSource = field(default_factory=TableSource)


class Tables:
    """Tables and their versions."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def for_source(self, unit: WriteUnit, source: SourceFileRow) -> TableRow:
        """The table that this file's conversions make; made when it is the first of its name."""
        return self.named(unit, source.table_name, source=source)

    def named(self, unit: WriteUnit, name: str, *, source: SourceFileRow) -> TableRow:
        """The table of that name in the file's dataset; made when it is the first."""
        return self.ensure(
            unit,
            tenant=source.tenant,
            dataset_id=source.dataset_id,
            dataset_name=source.dataset_name,
            name=name,
        )

    def ensure(
        self, unit: WriteUnit, *, tenant: str, dataset_id: str, dataset_name: str, name: str
    ) -> TableRow:
        """The table of that dataset with that name; made when there is none."""
        tables = TableRepository(unit)
        found = tables.find_by_name(name, tenant=tenant, dataset_id=dataset_id)
        return found or tables.add(
            TableRow(
                id=new_id(IdKind.TABLE),
                tenant=tenant,
                dataset_id=dataset_id,
                dataset_name=dataset_name,
                name=name,
                created_at=utc_now(),
            )
        )

    def publish(
        self,
        unit: WriteUnit,
        *,
        table: TableRow,
        conversion: ConversionRow,
        source: SourceFileRow,
        report: ConversionReport,
        objects: StoredObjects,
    ) -> TableVersionRow:
        """Write a conversion's version and name its objects: from the commit on they are seen."""
        columns = [
            ColumnView(name=c.name, type=c.type, origin=c.origin, reason=c.reason)
            for c in report.decisions.columns
        ]
        return self.add_version(
            unit,
            NewVersion(
                tenant=conversion.tenant,
                table_id=table.id,
                origin="conversion",
                conversion_id=conversion.id,
                file_id=source.id,
                dataset_version_id=source.version_id,
                flow_id=source.flow_id,
                bytes_in=report.bytes_in,
                quarantined_rows=report.quarantine.rows,
                columns=columns,
                parts=report.parts,
                source=report.source,
            ),
            objects=objects,
        )

    def add_version(
        self, unit: WriteUnit, new: NewVersion, *, objects: StoredObjects
    ) -> TableVersionRow:
        """Write the next version of a table, whatever made it, and name its objects."""
        TableRepository(unit).lock(new.table_id)
        versions = TableVersionRepository(unit)
        latest = versions.latest(new.table_id)
        version = versions.add(
            TableVersionRow(
                id=new_id(IdKind.TABLE_VERSION),
                tenant=new.tenant,
                table_id=new.table_id,
                number=latest.number + 1 if latest else 1,
                origin=new.origin,
                conversion_id=new.conversion_id,
                file_id=new.file_id,
                dataset_version_id=new.dataset_version_id,
                flow_id=new.flow_id,
                rows=sum(part.rows for part in new.parts),
                bytes_in=new.bytes_in,
                bytes=sum(part.bytes for part in new.parts),
                quarantined_rows=new.quarantined_rows,
                parts=len(new.parts),
                columns=[column.model_dump(mode="json") for column in new.columns],
                source=new.source.model_dump(mode="json", exclude_defaults=True) or None,
                created_at=utc_now(),
            )
        )
        self._name_objects(versions, version, parts=new.parts, objects=objects)
        return version

    def _name_objects(
        self,
        versions: TableVersionRepository,
        version: TableVersionRow,
        *,
        parts: list[Part],
        objects: StoredObjects,
    ) -> None:
        for role, stored in objects.items():
            for position, item in enumerate(stored):
                versions.add_object(
                    TableObjectRow(
                        object_key=item.key,
                        table_version_id=version.id,
                        role=role,
                        position=position,
                        rows=parts[position].rows if role == PART else None,
                        bytes=item.bytes,
                        sha256=item.sha256,
                    )
                )

    def published_by(
        self, view: ReadView, conversion_id: str
    ) -> list[tuple[TableRow, TableVersionRow]]:
        """What a conversion published, in the order of its file."""
        return TableVersionRepository(view).of_conversion(conversion_id)

    def forget_unused(self, unit: WriteUnit, table_id: str) -> None:
        """Drop a table that never had a version and that no conversion means."""
        TableRepository(unit).delete_unused(table_id)

    def page(
        self, view: ReadView, *, tenant: str, limit: int, cursor: str | None, dataset: str | None
    ) -> KeysetPage[TableView]:
        """The tenant's tables, newest first; `dataset` is a name or an id."""
        where: tuple[ColumnElement[bool], ...] = ()
        if dataset is not None:
            where = ((TableRow.dataset_id == dataset) | (TableRow.dataset_name == dataset),)
        page = TableRepository(view).page(tenant=tenant, limit=limit, cursor=cursor, where=where)
        counts = TableVersionRepository(view).count(row.id for row in page.rows)
        views = [self._view(view, row, versions=counts.get(row.id, 0)) for row in page.rows]
        return KeysetPage(rows=views, next=page.next)

    def read(self, view: ReadView, table_id: str, *, tenant: str) -> TableView:
        """One table.

        Raises:
            TableNotFoundError: no such table in this tenant.
        """
        row = self._find(view, table_id, tenant=tenant)
        counts = TableVersionRepository(view).count([row.id])
        return self._view(view, row, versions=counts.get(row.id, 0))

    def versions(
        self,
        view: ReadView,
        table_id: str,
        *,
        tenant: str,
        limit: int,
        cursor: str | None,
        as_of: datetime | None = None,
    ) -> KeysetPage[TableVersionRow]:
        """The versions of a table, newest first; those that were there at a moment."""
        table = self._find(view, table_id, tenant=tenant)
        where = [TableVersionRow.table_id == table.id]
        if as_of is not None:
            where.append(TableVersionRow.created_at <= as_of)
        return TableVersionRepository(view).page(
            tenant=tenant,
            limit=limit,
            cursor=cursor,
            where=tuple(where),
        )

    def version(
        self, view: ReadView, table_id: str, *, tenant: str, number: int | None
    ) -> tuple[TableRow, TableVersionRow]:
        """A version by its number, the newest when none is given.

        Raises:
            TableNotPublishedError: the table has no version yet.
            TableVersionNotFoundError: it has no version of that number.
        """
        table = self._find(view, table_id, tenant=tenant)
        versions = TableVersionRepository(view)
        if number is None:
            row = versions.latest(table.id)
            if row is None:
                raise TableNotPublishedError(
                    f"Table {table.name} has no version yet: its first conversion is running or "
                    "failed. `fleet flow list` shows which."
                )
            return table, row
        row = versions.numbered(table.id, number=number)
        if row is None:
            raise TableVersionNotFoundError(f"Table {table.name} has no version {number}.")
        return table, row

    def preview(self, view: ReadView, *, version: TableVersionRow, limit: int) -> TablePreview:
        """The first rows, as the conversion kept them."""
        kept = self._load_json(view, version, role=PREVIEW)
        return TablePreview(
            table_id=version.table_id,
            table_version_id=version.id,
            columns=[ColumnView.model_validate(c) for c in version.columns],
            rows=kept["rows"][:limit],
            total_rows=version.rows,
        )

    def profile(self, view: ReadView, *, version: TableVersionRow) -> TableProfileView:
        """Statistics and decisions, as what made the version kept them."""
        if version.origin != "conversion":
            kept = TableProfile.model_validate(self._load_json(view, version, role=REPORT))
            return TableProfileView(
                table_id=version.table_id, table_version_id=version.id, profile=kept
            )
        report = self.report(view, version=version)
        return TableProfileView(
            table_id=version.table_id,
            table_version_id=version.id,
            profile=report.profile,
            decisions=report.decisions,
        )

    def report(self, view: ReadView, *, version: TableVersionRow) -> ConversionReport:
        """The conversion's whole report."""
        return ConversionReport.model_validate(self._load_json(view, version, role=REPORT))

    def parts(self, view: ReadView, *, version: TableVersionRow) -> list[TableObjectRow]:
        """The Parquet parts, in order."""
        return TableVersionRepository(view).objects(version.id, role=PART)

    def part(
        self, view: ReadView, *, version: TableVersionRow, number: int | None
    ) -> TableObjectRow:
        """One Parquet part by its number, which may be left out when there is one only.

        Raises:
            SeveralPartsError: there are several, and no number is given.
            PartNotFoundError: there is none of that number.
        """
        parts = self.parts(view, version=version)
        if number is None and len(parts) > 1:
            raise SeveralPartsError(
                f"This version is made of {len(parts)} Parquet files. Ask for each with `part`, "
                f"from 0 to {len(parts) - 1}; `fleet table download` fetches all of them.",
                field="part",
            )
        if (number or 0) >= len(parts):
            raise PartNotFoundError(
                f"This version has {len(parts)} parts; the last is {len(parts) - 1}.", field="part"
            )
        return parts[number or 0]

    def quarantine(self, view: ReadView, *, version: TableVersionRow) -> TableObjectRow:
        """The rows that were set aside.

        Raises:
            NothingQuarantinedError: every row was converted.
        """
        found = TableVersionRepository(view).objects(version.id, role=QUARANTINE)
        if not found:
            raise NothingQuarantinedError(
                f"All {version.rows} rows of this version were converted; nothing was set aside."
            )
        return found[0]

    def _find(self, view: ReadView, table_id: str, *, tenant: str) -> TableRow:
        row = TableRepository(view).find(table_id, tenant=tenant)
        if row is None:
            raise TableNotFoundError(
                f"There is no table {table_id}. `fleet table list` shows yours."
            )
        return row

    def _view(self, view: ReadView, row: TableRow, *, versions: int) -> TableView:
        latest = TableVersionRepository(view).latest(row.id)
        return TableView(
            id=row.id,
            name=row.name,
            dataset_id=row.dataset_id,
            dataset_name=row.dataset_name,
            versions=versions,
            latest_version=view_version(latest) if latest else None,
            created_at=row.created_at,
        )

    def _load_json(self, view: ReadView, version: TableVersionRow, *, role: str) -> Any:
        (row,) = TableVersionRepository(view).objects(version.id, role=role)
        return json.loads(b"".join(self._runtime.store.open(row.object_key)))


def view_version(row: TableVersionRow) -> TableVersionView:
    """The version as the API answers it."""
    return TableVersionView(
        id=row.id,
        number=row.number,
        origin=cast("VersionOrigin", row.origin),
        file_id=row.file_id,
        dataset_version_id=row.dataset_version_id,
        flow_id=row.flow_id,
        source=TableSource.model_validate(row.source or {}),
        rows=row.rows,
        bytes_in=row.bytes_in,
        bytes=row.bytes,
        parts=row.parts,
        quarantined_rows=row.quarantined_rows,
        columns=[ColumnView.model_validate(column) for column in row.columns],
        created_at=row.created_at,
    )
