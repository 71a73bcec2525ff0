"""All SQL on flows, their journal, and what is known of jobs and tables."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from shared_lib.contracts.base import utc_now
from shared_lib.db import Repository
from svc_ingest.files.models import FileRow
from svc_ingest.flows.build_steps import DOCUMENTS
from svc_ingest.flows.decisions import merge_decisions
from svc_ingest.flows.journey import Standing, standing_of
from svc_ingest.flows.models import (
    AskedBuildsRow,
    DecidedTableRow,
    FlowEntryRow,
    FlowRow,
    JobJournalRow,
    JudgedTableRow,
    JudgementRow,
    KnowledgeBuildRow,
    PublishedTableRow,
    ReportRow,
    TrainingRow,
)
from svc_ingest.flows.subjects import Subject
from svc_ingest.versions.models import VersionRow

_TellableRow = (
    JobJournalRow
    | PublishedTableRow
    | JudgedTableRow
    | JudgementRow
    | DecidedTableRow
    | TrainingRow
    | ReportRow
    | AskedBuildsRow
    | KnowledgeBuildRow
)

_RevisedRow = TypeVar("_RevisedRow", JudgementRow, KnowledgeBuildRow)


class FlowRepository(Repository[FlowRow]):
    """Rows of flows and of everything that belongs to one."""

    model = FlowRow

    def lock(self, flow_id: str, *, tenant: str) -> FlowRow | None:
        """The tenant's flow, held: two events of one flow are taken one after the other."""
        row: FlowRow | None = self.session.scalar(
            self.of_tenant(tenant).where(FlowRow.id == flow_id).with_for_update()
        )
        return row

    def standing(self, flow: FlowRow) -> Standing:
        """Where the flow stands by what is known now; reads the deciding columns alone."""
        jobs = select(
            JobJournalRow.id,
            JobJournalRow.kind,
            JobJournalRow.subject_id,
            JobJournalRow.state,
            JobJournalRow.ended_at,
        ).where(JobJournalRow.flow_id == flow.id, JobJournalRow.tenant == flow.tenant)
        asked_at = JudgedTableRow.at.label("asked_at")
        tables = (
            select(
                PublishedTableRow.job_id,
                PublishedTableRow.tables,
                PublishedTableRow.table_version_id,
                PublishedTableRow.published_at,
                asked_at,
            )
            .outerjoin(
                JudgedTableRow,
                JudgedTableRow.table_version_id == PublishedTableRow.table_version_id,
            )
            .where(PublishedTableRow.flow_id == flow.id, PublishedTableRow.tenant == flow.tenant)
        )
        found_jobs: list[Any] = list(self.session.execute(jobs))
        found_tables: list[Any] = list(self.session.execute(tables))
        return standing_of(
            self._subject_ids(flow),
            jobs=found_jobs,
            tables=found_tables,
            judgements=self.judgements(flow),
            decided=self.decided(flow),
            trained=[row.job_id for row in self.trainings(flow)],
            reported=[row.subject_id for row in self.reports(flow)],
            builds=self.builds(flow),
            documents=flow.purpose == DOCUMENTS,
            builds_asked_at=self._builds_asked_at(flow),
        )

    def add_entry(self, flow_id: str, *, name: str, data: dict[str, object]) -> None:
        """Append to the flow's journal."""
        self.session.add(FlowEntryRow(flow_id=flow_id, name=name, data=data, at=utc_now()))

    def last_entry(self, flow_id: str) -> int:
        """The newest entry's id, 0 when there is none."""
        return self.last_entries([flow_id]).get(flow_id, 0)

    def last_entries(self, flow_ids: Iterable[str]) -> dict[str, int]:
        """The newest entry's id of each of these flows."""
        query = (
            select(FlowEntryRow.flow_id, func.max(FlowEntryRow.id).label("last"))
            .where(FlowEntryRow.flow_id.in_(list(flow_ids)))
            .group_by(FlowEntryRow.flow_id)
        )
        return {row.flow_id: row.last for row in self.session.execute(query)}

    def _subject_ids(self, flow: FlowRow) -> list[str]:
        """Ids of what a flow brings through: its files, or the version that has none."""
        if not flow.files:
            return [flow.version_id]
        files = select(FileRow.id).where(FileRow.version_id == flow.version_id)
        return list(self.session.scalars(files))

    def subjects(self, flow: FlowRow) -> list[Subject]:
        """The files of the flow's version, by path; the version itself when a table is made to it.

        A version that is made from a table has no files.
        """
        if not flow.files:
            return [Subject(id=flow.version_id, path=flow.dataset_name, at=flow.created_at)]
        query = select(FileRow).where(FileRow.version_id == flow.version_id)
        return [
            Subject(id=row.id, path=row.path, at=row.created_at, bytes=row.bytes, sha256=row.sha256)
            for row in self.session.scalars(query.order_by(FileRow.path))
        ]

    def weigh_derived(self, flow: FlowRow) -> None:
        """Without landed files a version weighs what its table does."""
        if not flow.files:
            flow.bytes = sum(table.bytes_out for table in self.tables(flow))
            version = self.session.get(VersionRow, flow.version_id)
            if version is not None:
                version.bytes = flow.bytes

    def jobs(self, flow: FlowRow) -> list[JobJournalRow]:
        """The flow's jobs, oldest first."""
        query = select(JobJournalRow).where(
            JobJournalRow.flow_id == flow.id, JobJournalRow.tenant == flow.tenant
        )
        return list(self.session.scalars(query.order_by(JobJournalRow.id)))

    def tables(self, flow: FlowRow) -> list[PublishedTableRow]:
        """The flow's tables, oldest first."""
        query = select(PublishedTableRow).where(
            PublishedTableRow.flow_id == flow.id, PublishedTableRow.tenant == flow.tenant
        )
        return list(self.session.scalars(query.order_by(PublishedTableRow.table_version_id)))

    def judgements(self, flow: FlowRow) -> list[JudgementRow]:
        """The judgements of the flow's tables, oldest first."""
        query = select(JudgementRow).where(
            JudgementRow.flow_id == flow.id, JudgementRow.tenant == flow.tenant
        )
        return list(self.session.scalars(query.order_by(JudgementRow.id)))

    def decided(self, flow: FlowRow) -> list[DecidedTableRow]:
        """What triggers said of the flow's tables, oldest first."""
        query = select(DecidedTableRow).where(
            DecidedTableRow.flow_id == flow.id, DecidedTableRow.tenant == flow.tenant
        )
        return list(self.session.scalars(query.order_by(DecidedTableRow.revision)))

    def trainings(self, flow: FlowRow) -> list[TrainingRow]:
        """The results of the flow's trainings."""
        query = select(TrainingRow).where(
            TrainingRow.flow_id == flow.id, TrainingRow.tenant == flow.tenant
        )
        return list(self.session.scalars(query.order_by(TrainingRow.job_id)))

    def reports(self, flow: FlowRow) -> list[ReportRow]:
        """The reports of the flow's trainings and refusals."""
        query = select(ReportRow).where(
            ReportRow.flow_id == flow.id, ReportRow.tenant == flow.tenant
        )
        return list(self.session.scalars(query.order_by(ReportRow.subject_id)))

    def verdicts(self, version_ids: Iterable[str]) -> dict[str, list[JudgementRow]]:
        """The newest judgement of each file of these versions by each suite, by version."""
        query = select(JudgementRow).where(JudgementRow.version_id.in_(list(version_ids)))
        newest: dict[tuple[str, str, str], JudgementRow] = {}
        for row in self.session.scalars(query.order_by(JudgementRow.id)):
            newest[row.version_id, row.file_id, row.suite_name] = row
        found: dict[str, list[JudgementRow]] = {}
        for row in newest.values():
            found.setdefault(row.version_id, []).append(row)
        return found

    def keep_judgement(self, judgement: dict[str, Any]) -> bool:
        """Keep what is newest of a judgement; whether it was new."""
        return _keep_newest(self.session, JudgementRow, judgement)

    def add_judged_table(self, table: dict[str, Any]) -> bool:
        """Keep that the gate knows a table; False when that has been told of before."""
        return _insert_new(self.session, JudgedTableRow, table)

    def add_decided(self, decided: dict[str, Any]) -> bool:
        """Keep what triggers said; False when it has been told of before."""
        if _insert_new(self.session, DecidedTableRow, decided):
            return True
        query = select(DecidedTableRow).where(
            DecidedTableRow.table_version_id == decided["table_version_id"],
            DecidedTableRow.revision == decided["revision"],
            DecidedTableRow.tenant == decided["tenant"],
        )
        known = self.session.scalar(query.with_for_update())
        if known is None:
            return False
        merged = merge_decisions(known.decisions, decided["decisions"])
        if merged == known.decisions:
            return False
        known.decisions = merged
        self.session.flush()
        return True

    def builds(self, flow: FlowRow) -> list[KnowledgeBuildRow]:
        """The builds of knowledge bases from the flow's version, oldest first."""
        query = select(KnowledgeBuildRow).where(
            KnowledgeBuildRow.flow_id == flow.id, KnowledgeBuildRow.tenant == flow.tenant
        )
        return list(self.session.scalars(query.order_by(KnowledgeBuildRow.id)))

    def _builds_asked_at(self, flow: FlowRow) -> datetime | None:
        row = self.session.get(AskedBuildsRow, flow.id)
        return row.at if row is not None else None

    def add_asked_builds(self, asked: dict[str, Any]) -> bool:
        """Keep that the bases of a flow are known; False when that has been told of before."""
        return _insert_new(self.session, AskedBuildsRow, asked)

    def keep_build(self, build: dict[str, Any]) -> bool:
        """Keep what is newest of a build; whether it was new."""
        return _keep_newest(self.session, KnowledgeBuildRow, build)

    def add_training(self, training: dict[str, Any]) -> bool:
        """Keep a training's results; False when they have been told of before."""
        return _insert_new(self.session, TrainingRow, training)

    def add_report(self, report: dict[str, Any]) -> bool:
        """Keep that something is reported; False when it has been told of before."""
        return _insert_new(self.session, ReportRow, report)

    def add_table(self, table: dict[str, Any]) -> bool:
        """Keep a table; False when it has been told of before."""
        return _insert_new(self.session, PublishedTableRow, table)


class JobJournalRepository(Repository[JobJournalRow]):
    """What is known of every job of the fleet."""

    model = JobJournalRow

    def keep(self, job: dict[str, Any]) -> bool:
        """Keep a job's columns unless something newer is known; whether they were new.

        Two events of a job may come at once: the row is made or held before it is compared.
        """
        if _insert_new(self.session, JobJournalRow, job):
            return True
        query = self.of_tenant(job["tenant"]).where(JobJournalRow.id == job["id"])
        known: JobJournalRow | None = self.session.scalar(query.with_for_update())
        if known is None or known.revision >= job["revision"]:
            return False
        for column, value in job.items():
            setattr(known, column, value)
        self.session.flush()
        return True


def _insert_new(session: Session, model: type[_TellableRow], row: dict[str, Any]) -> bool:
    """Insert the row unless its key is there; waits for another unit that inserts it now."""
    dialect = session.get_bind().dialect.name
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = insert(model).values(row).on_conflict_do_nothing().returning(model.tenant)
    return session.scalar(statement) is not None


def _keep_newest(session: Session, model: type[_RevisedRow], row: dict[str, Any]) -> bool:
    """Keep the row unless a revision as new is known; whether it was new."""
    if _insert_new(session, model, row):
        return True
    query = select(model).where(model.id == row["id"], model.tenant == row["tenant"])
    known = session.scalar(query.with_for_update())
    if known is None or known.revision >= row["revision"]:
        return False
    for column, value in row.items():
        setattr(known, column, value)
    session.flush()
    return True
