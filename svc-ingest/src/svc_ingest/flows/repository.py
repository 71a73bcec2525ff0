"""All SQL on flows, their journal, and what is known of jobs and tables."""

from collections.abc import Iterable

from sqlalchemy import func, select

from shared_lib.contracts.base import utc_now
from shared_lib.db import Repository
from svc_ingest.files.models import FileRow
from svc_ingest.flows.models import FlowEntryRow, FlowRow, JobJournalRow, PublishedTableRow


class FlowRepository(Repository[FlowRow]):
    """Rows of flows and of everything that belongs to one."""

    model = FlowRow

    def lock(self, flow_id: str) -> FlowRow | None:
        """The flow, held: two events of one flow are taken one after the other."""
        query = select(FlowRow).where(FlowRow.id == flow_id).with_for_update()
        return self.session.scalar(query)

    def add_entry(self, flow_id: str, *, name: str, data: dict[str, object]) -> None:
        """Append to the flow's journal."""
        self.session.add(FlowEntryRow(flow_id=flow_id, name=name, data=data, at=utc_now()))

    def last_entry(self, flow_id: str) -> int:
        """The newest entry's id, 0 when there is none."""
        return self.last_entries([flow_id]).get(flow_id, 0)

    def last_entries(self, flow_ids: Iterable[str]) -> dict[str, int]:
        """The newest entry's id of each of these flows."""
        query = (
            select(FlowEntryRow.flow_id, func.max(FlowEntryRow.id))
            .where(FlowEntryRow.flow_id.in_(list(flow_ids)))
            .group_by(FlowEntryRow.flow_id)
        )
        return dict(self.session.execute(query).tuples().all())

    def files(self, flow: FlowRow) -> list[FileRow]:
        """The files of the flow's version, by path."""
        query = select(FileRow).where(FileRow.version_id == flow.version_id)
        return list(self.session.scalars(query.order_by(FileRow.path)))

    def jobs(self, flow_id: str) -> list[JobJournalRow]:
        """The flow's jobs, oldest first."""
        query = select(JobJournalRow).where(JobJournalRow.flow_id == flow_id)
        return list(self.session.scalars(query.order_by(JobJournalRow.id)))

    def tables(self, flow_id: str) -> list[PublishedTableRow]:
        """The flow's tables, oldest first."""
        query = select(PublishedTableRow).where(PublishedTableRow.flow_id == flow_id)
        return list(self.session.scalars(query.order_by(PublishedTableRow.table_version_id)))


class JobJournalRepository(Repository[JobJournalRow]):
    """What is known of every job of the fleet."""

    model = JobJournalRow

    def get(self, job_id: str) -> JobJournalRow | None:
        """The job, of any tenant, for an event."""
        return self.session.get(JobJournalRow, job_id)
