"""Flows: begun by a landing, kept by events, shown as one journey."""

from sqlalchemy import ColumnElement

from shared_lib.contracts.base import utc_now
from shared_lib.contracts.catalog import FlowState, FlowSummary, FlowView
from shared_lib.contracts.errors import Problem
from shared_lib.contracts.events import Event, JobChanged, TablePublished
from shared_lib.contracts.jobs import JobState, JobSummary
from shared_lib.db.engine import ReadView, WriteUnit
from shared_lib.db.pages import KeysetPage
from svc_ingest.datasets.models import DatasetRow
from svc_ingest.files.models import FileRow
from svc_ingest.flows.errors import FlowNotFoundError
from svc_ingest.flows.journey import Journey
from svc_ingest.flows.models import FlowRow, JobJournalRow, PublishedTableRow
from svc_ingest.flows.repository import FlowRepository, JobJournalRepository
from svc_ingest.versions.models import VersionRow


class Flows:
    """The flows of all tenants."""

    def begin(
        self, unit: WriteUnit, *, dataset: DatasetRow, version: VersionRow, files: list[FileRow]
    ) -> None:
        """Begin the flow of a version, in the transaction that lands it."""
        flows = FlowRepository(unit)
        flows.add(
            FlowRow(
                id=version.flow_id,
                tenant=version.tenant,
                dataset_id=dataset.id,
                dataset_name=dataset.name,
                version_id=version.id,
                version_number=version.number,
                state=FlowState.RUNNING,
                files=len(files),
                bytes=version.bytes,
                created_at=version.created_at,
            )
        )
        flows.add_entry(version.flow_id, name="landed", data={"version_id": version.id})

    def on_job_changed(self, unit: WriteUnit, event: Event, changed: JobChanged) -> None:
        """`job.changed`: keep the newest; a late event changes nothing."""
        job, jobs = changed.job, JobJournalRepository(unit)
        if event.flow_id is not None:
            FlowRepository(unit).lock(event.flow_id)
        row = jobs.get(job.id)
        if row is not None and row.revision >= changed.revision:
            return
        if row is None:
            row = JobJournalRow(id=job.id, tenant=event.tenant, flow_id=event.flow_id)
            unit.session.add(row)
        row.service, row.kind, row.state = job.service, job.kind, job.state
        row.subject_id, row.revision, row.attempts = job.subject_id, changed.revision, job.attempts
        row.error = job.error.model_dump(mode="json", exclude_none=True) if job.error else None
        row.created_at, row.started_at, row.ended_at = job.created_at, job.started_at, job.ended_at
        unit.session.flush()
        self._note(unit, event, data={"job_id": job.id, "state": job.state.value})

    def on_table_published(self, unit: WriteUnit, event: Event, table: TablePublished) -> None:
        """`table.published`: the flow has a table."""
        if event.flow_id is not None:
            FlowRepository(unit).lock(event.flow_id)
        unit.session.add(
            PublishedTableRow(
                table_version_id=table.table_version_id,
                tenant=event.tenant,
                flow_id=event.flow_id,
                file_id=table.file_id,
                table_id=table.table_id,
                table_name=table.table_name,
                job_id=table.job_id,
                rows=table.rows,
                columns=table.columns,
                bytes_in=table.bytes_in,
                bytes_out=table.bytes_out,
                quarantined_rows=table.quarantined_rows,
                widened=len(table.widened_columns),
                published_at=event.occurred_at,
            )
        )
        unit.session.flush()
        self._note(unit, event, data={"table_version_id": table.table_version_id})

    def _note(self, unit: WriteUnit, event: Event, *, data: dict[str, object]) -> None:
        """Write the event into the flow's journal and see where the flow stands now."""
        flows = FlowRepository(unit)
        flow = flows.find(event.flow_id, tenant=event.tenant) if event.flow_id else None
        if flow is None:
            return
        flow.state = journey_of(unit, flow).state()
        flow.ended_at = None if flow.state == FlowState.RUNNING else utc_now()
        flows.add_entry(flow.id, name=event.name, data=data)

    def page(
        self,
        view: ReadView,
        *,
        tenant: str,
        limit: int,
        cursor: str | None,
        dataset: str | None,
        state: FlowState | None,
    ) -> KeysetPage[FlowRow]:
        """The tenant's flows, newest first; `dataset` is a name or an id."""
        where: list[ColumnElement[bool]] = []
        if dataset is not None:
            where.append((FlowRow.dataset_name == dataset) | (FlowRow.dataset_id == dataset))
        if state is not None:
            where.append(FlowRow.state == state)
        return FlowRepository(view).page(
            tenant=tenant, limit=limit, cursor=cursor, where=tuple(where)
        )

    def read(self, view: ReadView, flow_id: str, *, tenant: str) -> tuple[FlowView, int]:
        """A flow and the id of its newest journal entry.

        Raises:
            FlowNotFoundError: no such flow in this tenant.
        """
        flows = FlowRepository(view)
        # The entry first: what comes between the two reads is sent again, never left out.
        last = flows.last_entry(flow_id)
        flow = flows.find(flow_id, tenant=tenant)
        if flow is None:
            raise FlowNotFoundError(f"There is no flow {flow_id}. `fleet flow list` shows yours.")
        return view_flow(journey_of(view, flow)), last


def journey_of(view: ReadView, flow: FlowRow) -> Journey:
    """Read everything that belongs to a flow."""
    flows = FlowRepository(view)
    return Journey(
        flow=flow, files=flows.files(flow), jobs=flows.jobs(flow.id), tables=flows.tables(flow.id)
    )


def view_flow(journey: Journey) -> FlowView:
    """The flow with its steps as the API answers it."""
    flow = journey.flow
    return FlowView(
        id=flow.id,
        dataset_id=flow.dataset_id,
        dataset_name=flow.dataset_name,
        version_id=flow.version_id,
        version_number=flow.version_number,
        state=FlowState(flow.state),
        created_at=flow.created_at,
        ended_at=flow.ended_at,
        steps=journey.steps(),
    )


def summarise_flow(flow: FlowRow) -> FlowSummary:
    """The flow in a list."""
    return FlowSummary(
        id=flow.id,
        dataset_name=flow.dataset_name,
        version_number=flow.version_number,
        state=FlowState(flow.state),
        files=flow.files,
        bytes=flow.bytes,
        created_at=flow.created_at,
        ended_at=flow.ended_at,
    )


def summarise_job(row: JobJournalRow) -> JobSummary:
    """The job in the fleet-wide list."""
    return JobSummary(
        id=row.id,
        kind=row.kind,
        service=row.service,
        state=JobState(row.state),
        subject_id=row.subject_id,
        flow_id=row.flow_id,
        attempts=row.attempts,
        error=Problem.model_validate(row.error) if row.error else None,
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )
