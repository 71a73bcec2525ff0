"""Conversions: hearing of landed files, asking for jobs, publishing what they made."""

from typing import Any

from shared_lib.contracts.base import utc_now
from shared_lib.contracts.conversions import (
    ConversionOptions,
    ConversionReport,
    FileReport,
    NotConverted,
    TableSource,
)
from shared_lib.contracts.errors import Problem
from shared_lib.contracts.events import TABLE_PUBLISHED, DatasetVersionLanded, Event, TablePublished
from shared_lib.contracts.ids import IdKind, new_id
from shared_lib.contracts.jobs import JobState
from shared_lib.contracts.plans import FlowPlan
from shared_lib.contracts.tables import (
    ConversionCreate,
    ConversionView,
    ConvertedTableView,
    QuarantineReplay,
)
from shared_lib.db.engine import ReadView, WriteUnit
from shared_lib.db.pages import KeysetPage
from shared_lib.events import emit
from shared_lib.jobs import JobQueue, Runtime
from svc_parquet.conversions.models import ConversionRow, SourceFileRow
from svc_parquet.conversions.naming import name_parts, name_tables
from svc_parquet.conversions.repository import ConversionRepository, SourceFileRepository
from svc_parquet.conversions.requests import (
    CONVERT,
    ConversionNotFoundError,
    FileNotKnownError,
    NothingToReplayError,
)
from svc_parquet.tables.models import TableVersionRow
from svc_parquet.tables.objects import PART
from svc_parquet.tables.repository import TableVersionRepository
from svc_parquet.tables.service import StoredObjects, Tables


class Conversions:
    """The conversions of landed files."""

    def __init__(self, runtime: Runtime, *, tables: Tables) -> None:
        self._runtime = runtime
        self._tables = tables
        self._queue = JobQueue(runtime)

    def on_landed(self, unit: WriteUnit, event: Event, landed: DatasetVersionLanded) -> None:
        """`dataset_version.landed`: remember the files and convert each, unless it is documents."""
        if landed.purpose == "documents":
            return
        names = name_tables([file.path for file in landed.files], dataset=landed.dataset_name)
        for file in landed.files:
            source = SourceFileRepository(unit).add(
                SourceFileRow(
                    id=file.file_id,
                    tenant=event.tenant,
                    dataset_id=landed.dataset_id,
                    dataset_name=landed.dataset_name,
                    version_id=landed.version_id,
                    version_number=landed.version_number,
                    flow_id=event.flow_id,
                    path=file.path,
                    object_key=file.object_key,
                    sha256=file.sha256,
                    bytes=file.bytes,
                    table_name=names[file.path],
                    plan=landed.plan.model_dump(mode="json") if landed.plan else None,
                    created_at=utc_now(),
                )
            )
            self.request(unit, source=source, options=landed.options)

    def request(
        self,
        unit: WriteUnit,
        *,
        source: SourceFileRow,
        options: ConversionOptions,
        replays: str | None = None,
        corrections: list[dict[str, Any]] | None = None,
    ) -> ConversionRow:
        """Write a conversion and its job."""
        conversion_id = new_id(IdKind.CONVERSION)
        job = self._queue.request(
            unit,
            kind=CONVERT,
            tenant=source.tenant,
            params={"conversion_id": conversion_id},
            subject_id=source.id,
            flow_id=source.flow_id,
        )
        return ConversionRepository(unit).add(
            ConversionRow(
                id=conversion_id,
                tenant=source.tenant,
                file_id=source.id,
                table_id=self._tables.for_source(unit, source).id,
                job_id=job.id,
                options=options.model_dump(mode="json", exclude_unset=True),
                replays=replays,
                corrections=corrections,
                created_at=utc_now(),
            )
        )

    def create(self, unit: WriteUnit, *, tenant: str, body: ConversionCreate) -> ConversionView:
        """Convert a landed file again.

        Raises:
            FileNotKnownError: no such file in this tenant.
        """
        source = SourceFileRepository(unit).find(body.file_id, tenant=tenant)
        if source is None:
            raise FileNotKnownError(
                f"There is no landed file {body.file_id}. `fleet dataset show NAME` lists files.",
                field="file_id",
            )
        return self._view(unit, self.request(unit, source=source, options=body.options))

    def replay(
        self, unit: WriteUnit, conversion_id: str, *, tenant: str, body: QuarantineReplay
    ) -> ConversionView:
        """Convert the file of a conversion again with rows of its quarantine put right.

        Raises:
            ConversionNotFoundError: no such conversion in this tenant.
            NothingToReplayError: it set nothing aside, or not rows of a text file of one table.
        """
        row = ConversionRepository(unit).find(conversion_id, tenant=tenant)
        if row is None:
            raise ConversionNotFoundError(f"There is no conversion {conversion_id}.")
        source = ConversionRepository(unit).source_of(row)
        published = [version for _, version in self._tables.published_by(unit, row.id)]
        if len(published) != 1 or not _is_whole(published[0], path=source.path):
            raise NothingToReplayError(
                "Rows are replayed of a conversion of one table that has set some aside. Repair "
                "the file itself and send it again."
            )
        again = self.request(
            unit,
            source=source,
            options=ConversionOptions.model_validate(row.options),
            replays=row.id,
            corrections=[each.model_dump(mode="json") for each in body.rows],
        )
        return self._view(unit, again)

    def page(
        self, view: ReadView, *, tenant: str, limit: int, cursor: str | None, file_id: str | None
    ) -> KeysetPage[ConversionView]:
        """The tenant's conversions, newest first, without their reports."""
        where = (ConversionRow.file_id == file_id,) if file_id else ()
        page = ConversionRepository(view).page(
            tenant=tenant, limit=limit, cursor=cursor, where=where
        )
        return KeysetPage(rows=[self._view(view, row) for row in page.rows], next=page.next)

    def read(self, view: ReadView, conversion_id: str, *, tenant: str) -> ConversionView:
        """One conversion with its report.

        Raises:
            ConversionNotFoundError: no such conversion in this tenant.
        """
        row = ConversionRepository(view).find(conversion_id, tenant=tenant)
        if row is None:
            raise ConversionNotFoundError(f"There is no conversion {conversion_id}.")
        report = None
        if row.table_version_id is not None:
            version = TableVersionRepository(view).find(row.table_version_id, tenant=tenant)
            report = self._tables.report(view, version=version) if version else None
        return self._view(view, row, report=report)

    def publish(
        self,
        unit: WriteUnit,
        *,
        conversion_id: str,
        report: FileReport,
        objects: list[StoredObjects],
    ) -> None:
        """Write the versions of all tables and tell of each; in the transaction that ends the job.

        Args:
            objects: what was stored of each table, in the order of the report's.
        """
        conversion = ConversionRepository(unit).get(conversion_id)
        if conversion is None:
            raise ConversionNotFoundError(f"There is no conversion {conversion_id}.")
        source = ConversionRepository(unit).source_of(conversion)
        names = name_parts(
            [made.report.source for made in report.tables],
            file=source.table_name,
            path=source.path,
        )
        promised = conversion.table_id
        for place, (name, made, stored) in enumerate(
            zip(names, report.tables, objects, strict=True)
        ):
            table = self._tables.named(unit, name, source=source)
            version = self._tables.publish(
                unit,
                table=table,
                conversion=conversion,
                source=source,
                report=made.report,
                objects=stored,
            )
            if place == 0:
                conversion.table_id, conversion.table_version_id = table.id, version.id
            self._tell(
                unit,
                conversion=conversion,
                source=source,
                version=version,
                name=name,
                report=made.report,
                tables=len(names),
            )
        conversion.not_converted = [
            refused.model_dump(mode="json", exclude_defaults=True)
            for refused in report.not_converted
        ]
        if conversion.table_id != promised:
            self._tables.forget_unused(unit, promised)

    def _tell(
        self,
        unit: WriteUnit,
        *,
        conversion: ConversionRow,
        source: SourceFileRow,
        version: TableVersionRow,
        name: str,
        report: ConversionReport,
        tables: int,
    ) -> None:
        parts = TableVersionRepository(unit).objects(version.id, role=PART)
        emit(
            unit,
            spec=TABLE_PUBLISHED,
            payload=TablePublished(
                dataset_id=source.dataset_id,
                version_id=source.version_id,
                file_id=source.id,
                table_id=version.table_id,
                table_version_id=version.id,
                table_name=name,
                dataset_name=source.dataset_name,
                version_number=source.version_number,
                parts=[part.object_key for part in parts],
                job_id=conversion.job_id,
                tables=tables,
                rows=report.rows,
                columns=report.columns,
                bytes_in=report.bytes_in,
                bytes_out=report.bytes_out,
                quarantined_rows=report.quarantine.rows,
                widened_columns=[widening.column for widening in report.widened],
                plan=FlowPlan.model_validate(source.plan) if source.plan else None,
            ),
            producer=self._runtime.name,
            tenant=conversion.tenant,
            flow_id=source.flow_id,
            doorbell=self._runtime.doorbell,
        )

    def _view(
        self, view: ReadView, row: ConversionRow, *, report: ConversionReport | None = None
    ) -> ConversionView:
        repository = ConversionRepository(view)
        source, job = repository.source_of(row), repository.job_of(row)
        return ConversionView(
            id=row.id,
            file_id=row.file_id,
            path=source.path,
            dataset_id=source.dataset_id,
            version_id=source.version_id,
            flow_id=source.flow_id,
            job_id=row.job_id,
            state=JobState(job.state),
            options=ConversionOptions.model_validate(row.options),
            replays=row.replays,
            table_id=row.table_id,
            table_version_id=row.table_version_id,
            report=report,
            tables=[
                ConvertedTableView(
                    table_id=table.id,
                    table_version_id=version.id,
                    name=table.name,
                    source=TableSource.model_validate(version.source or {}),
                    rows=version.rows,
                    quarantined_rows=version.quarantined_rows,
                )
                for table, version in self._tables.published_by(view, row.id)
            ],
            not_converted=[NotConverted.model_validate(each) for each in row.not_converted or []],
            error=Problem.model_validate(job.error) if job.error else None,
            created_at=row.created_at,
        )


def _is_whole(version: TableVersionRow, *, path: str) -> bool:
    """Whether a table is the whole of its file, and rows of it were set aside."""
    place = TableSource.model_validate(version.source or {})
    return bool(version.quarantined_rows) and place.name is None and place.path in {None, path}
