"""Flows: begun by a landing, kept by events, shown as one journey."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement

from shared_lib.contracts.base import format_utc
from shared_lib.contracts.catalog import FlowState, FlowSummary, FlowView, VersionPurpose
from shared_lib.contracts.errors import Problem
from shared_lib.contracts.events import (
    BuildsRequested,
    Event,
    JobChanged,
    JudgementsRequested,
    KnowledgeBaseBuilt,
    QualityJudged,
    ReportPublished,
    TablePublished,
    TrainingDecided,
    TrainingFinished,
)
from shared_lib.contracts.jobs import JobState, JobSummary
from shared_lib.contracts.plans import FlowPlan
from shared_lib.contracts.verdicts import Verdict
from shared_lib.db.engine import ReadView, WriteUnit
from shared_lib.db.pages import KeysetPage
from svc_ingest.datasets.models import DatasetRow
from svc_ingest.files.models import FileRow
from svc_ingest.flows.errors import FlowNotFoundError
from svc_ingest.flows.journey import steps_of
from svc_ingest.flows.models import FlowRow, JobJournalRow
from svc_ingest.flows.repository import FlowRepository, JobJournalRepository
from svc_ingest.versions.models import VersionRow


class Flows:
    """The flows of all tenants."""

    def begin(
        self,
        unit: WriteUnit,
        *,
        dataset: DatasetRow,
        version: VersionRow,
        files: list[FileRow],
        plan: FlowPlan | None,
        purpose: VersionPurpose,
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
                purpose=purpose,
                plan=plan.model_dump(mode="json", exclude_unset=True) if plan else None,
            )
        )
        if files:
            flows.add_entry(version.flow_id, name="landed", data={"version_id": version.id})

    def catch_up(self, unit: WriteUnit, event: Event) -> None:
        """Note the event that begins a flow, and what came before it: events have no order."""
        flow = _hold_flow(unit, event)
        if flow is not None:
            FlowRepository(unit).weigh_derived(flow)
            _note(unit, flow, event=event, data={"version_id": flow.version_id}, decides=True)

    def on_job_changed(self, unit: WriteUnit, event: Event, changed: JobChanged) -> None:
        """`job.changed`: keep the newest; a late event changes nothing."""
        flow, job = _hold_flow(unit, event), changed.job
        row = {
            "id": job.id,
            "tenant": event.tenant,
            "flow_id": event.flow_id,
            "service": job.service,
            "kind": job.kind,
            "state": job.state.value,
            "subject_id": job.subject_id,
            "revision": changed.revision,
            "attempts": job.attempts,
            "error": job.error.model_dump(mode="json", exclude_none=True) if job.error else None,
            "created_at": job.created_at,
            "started_at": job.started_at,
            "ended_at": job.ended_at,
        }
        if JobJournalRepository(unit).keep(row) and flow is not None:
            # What has not ended can end no flow; it can only have been running all along.
            decides = job.state.ended or flow.state != FlowState.RUNNING
            data: dict[str, object] = {"job_id": job.id, "state": job.state.value}
            _note(unit, flow, event=event, data=data, decides=decides)

    def on_table_published(self, unit: WriteUnit, event: Event, table: TablePublished) -> None:
        """`table.published`: the flow has a table."""
        flow = _hold_flow(unit, event)
        row = {
            "table_version_id": table.table_version_id,
            "tenant": event.tenant,
            "flow_id": event.flow_id,
            "file_id": table.file_id,
            "table_id": table.table_id,
            "table_name": table.table_name,
            "job_id": table.job_id,
            "tables": table.tables,
            "rows": table.rows,
            "columns": table.columns,
            "bytes_in": table.bytes_in,
            "bytes_out": table.bytes_out,
            "quarantined_rows": table.quarantined_rows,
            "widened": len(table.widened_columns),
            "published_at": event.occurred_at,
        }
        if FlowRepository(unit).add_table(row) and flow is not None:
            FlowRepository(unit).weigh_derived(flow)
            data: dict[str, object] = {"table_version_id": table.table_version_id}
            _note(unit, flow, event=event, data=data, decides=True)

    def on_judgements_requested(
        self, unit: WriteUnit, event: Event, asked: JudgementsRequested
    ) -> None:
        """`judgements.requested`: the flow waits for these verdicts, if any, and no others."""
        flow, flows = _hold_flow(unit, event), FlowRepository(unit)
        told = {"tenant": event.tenant, "flow_id": event.flow_id, "at": event.occurred_at}
        new = flows.add_judged_table({**told, "table_version_id": asked.table_version_id})
        for each in asked.judgements:
            new |= flows.keep_judgement(
                {
                    **told,
                    "id": each.judgement_id,
                    "version_id": asked.version_id,
                    "file_id": asked.file_id,
                    "table_version_id": asked.table_version_id,
                    "suite_name": each.suite_name,
                    "job_id": each.job_id,
                    "revision": 1,
                }
            )
        if new and flow is not None:
            data: dict[str, object] = {"judgements": [j.judgement_id for j in asked.judgements]}
            _note(unit, flow, event=event, data=data, decides=True)

    def on_quality_judged(self, unit: WriteUnit, event: Event, judged: QualityJudged) -> None:
        """`quality.judged`: the verdict is stored on the version."""
        flow = _hold_flow(unit, event)
        row = {
            "id": judged.judgement_id,
            "tenant": event.tenant,
            "flow_id": event.flow_id,
            "version_id": judged.version_id,
            "file_id": judged.file_id,
            "table_version_id": judged.table_version_id,
            "suite_name": judged.suite_name,
            "job_id": judged.job_id,
            "revision": judged.revision,
            "verdict": judged.verdict.value,
            "details": judged.model_dump(
                mode="json",
                include={"found", "overridden_by", "reasons", "remedies", "checks", "passed"},
            ),
            "at": event.occurred_at,
        }
        if FlowRepository(unit).keep_judgement(row) and flow is not None:
            data: dict[str, object] = {
                "judgement_id": judged.judgement_id,
                "verdict": judged.verdict.value,
            }
            _note(unit, flow, event=event, data=data, decides=True)

    def on_training_decided(self, unit: WriteUnit, event: Event, decided: TrainingDecided) -> None:
        """`training.decided`: the flow waits for these trainings, if any, and no others."""
        flow, at = _hold_flow(unit, event), {"at": format_utc(event.occurred_at)}
        row = {
            "table_version_id": decided.table_version_id,
            "revision": decided.revision,
            "tenant": event.tenant,
            "flow_id": event.flow_id,
            "decisions": [each.model_dump(mode="json") | at for each in decided.decisions],
            "at": event.occurred_at,
        }
        if FlowRepository(unit).add_decided(row) and flow is not None:
            data: dict[str, object] = {"decisions": [d.decision_id for d in decided.decisions]}
            _note(unit, flow, event=event, data=data, decides=True)

    def on_training_finished(
        self, unit: WriteUnit, event: Event, finished: TrainingFinished
    ) -> None:
        """`training.finished`: the results are shown on the flow."""
        flow = _hold_flow(unit, event)
        row = {
            "job_id": finished.job_id,
            "tenant": event.tenant,
            "flow_id": event.flow_id,
            "training_job_id": finished.training_job_id,
            "details": finished.model_dump(
                mode="json",
                include={
                    "commit",
                    "metrics",
                    "stages_run",
                    "stages_cached",
                    "model",
                    "model_version",
                    "alias",
                    "promotion",
                },
            ),
            "at": event.occurred_at,
        }
        if FlowRepository(unit).add_training(row) and flow is not None:
            data: dict[str, object] = {"training_job_id": finished.training_job_id}
            _note(unit, flow, event=event, data=data, decides=True)

    def on_report_published(self, unit: WriteUnit, event: Event, report: ReportPublished) -> None:
        """`report.published`: the flow has its report, and perhaps a pull request its comment."""
        flow = _hold_flow(unit, event)
        row = {
            "subject_id": report.subject_id,
            "tenant": event.tenant,
            "flow_id": event.flow_id,
            "job_id": report.job_id,
            "details": report.model_dump(mode="json", include={"model", "outcome", "comment_url"}),
            "at": event.occurred_at,
        }
        if FlowRepository(unit).add_report(row) and flow is not None:
            data: dict[str, object] = {"report_id": report.report_id}
            _note(unit, flow, event=event, data=data, decides=True)

    def on_builds_requested(self, unit: WriteUnit, event: Event, asked: BuildsRequested) -> None:
        """`builds.requested`: the flow waits for these bases, if any, and no others."""
        flow, flows = _hold_flow(unit, event), FlowRepository(unit)
        told = {"tenant": event.tenant, "flow_id": event.flow_id, "at": event.occurred_at}
        if flow is None:
            return
        new = flows.add_asked_builds(told)
        for each in asked.builds:
            columns = {"id": each.build_id, "base_id": each.base_id, "base_name": each.base_name}
            new |= flows.keep_build({**told, **columns, "job_id": each.job_id, "revision": 1})
        if new:
            data: dict[str, object] = {"builds": [each.build_id for each in asked.builds]}
            _note(unit, flow, event=event, data=data, decides=True)

    def on_knowledge_base_built(
        self, unit: WriteUnit, event: Event, built: KnowledgeBaseBuilt
    ) -> None:
        """`knowledge_base.built`: what was read is shown on the flow."""
        flow = _hold_flow(unit, event)
        shown = {"found", "parsed", "skipped", "failed", "records", "added", "changed", "moved",
                 "deleted", "embed_job_id"}  # fmt: skip
        row = {
            "id": built.build_id,
            "tenant": event.tenant,
            "flow_id": event.flow_id,
            "base_id": built.base_id,
            "base_name": built.base_name,
            "job_id": built.job_id,
            "revision": 2,
            "details": built.model_dump(mode="json", include=shown),
            "at": event.occurred_at,
        }
        if FlowRepository(unit).keep_build(row) and flow is not None:
            data: dict[str, object] = {"build_id": built.build_id, "base_id": built.base_id}
            _note(unit, flow, event=event, data=data, decides=True)

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
        return view_flow(view, flow), last


def verdicts_of(view: ReadView, version_ids: Iterable[str]) -> dict[str, Verdict]:
    """The worst verdict on each of these versions; none while a judgement is under way."""
    found = {}
    for version_id, rows in FlowRepository(view).verdicts(version_ids).items():
        said = {row.verdict for row in rows}
        for verdict in (Verdict.FAILED, None, Verdict.WARNED, Verdict.PASSED):
            if verdict in said:
                break
        if verdict is not None:
            found[version_id] = verdict
    return found


def _hold_flow(unit: WriteUnit, event: Event) -> FlowRow | None:
    if event.flow_id is None:
        return None
    return FlowRepository(unit).lock(event.flow_id, tenant=event.tenant)


def _note(
    unit: WriteUnit, flow: FlowRow, *, event: Event, data: dict[str, object], decides: bool
) -> None:
    """Write the event into the flow's journal and, when it can decide that, where it stands."""
    flows = FlowRepository(unit)
    if decides:
        standing = flows.standing(flow)
        flow.state, flow.ended_at = standing.state, standing.ended_at
    flows.add_entry(flow.id, name=event.name, data=data)


def view_flow(view: ReadView, flow: FlowRow) -> FlowView:
    """The flow with its steps as the API answers it."""
    flows = FlowRepository(view)
    return FlowView(
        id=flow.id,
        dataset_id=flow.dataset_id,
        dataset_name=flow.dataset_name,
        version_id=flow.version_id,
        version_number=flow.version_number,
        state=FlowState(flow.state),
        created_at=flow.created_at,
        ended_at=flow.ended_at,
        plan=FlowPlan.model_validate(flow.plan) if flow.plan else None,
        steps=steps_of(
            flows.subjects(flow),
            jobs=flows.jobs(flow),
            tables=flows.tables(flow),
            judgements=flows.judgements(flow),
            decided=flows.decided(flow),
            trainings=flows.trainings(flow),
            reports=flows.reports(flow),
            builds=flows.builds(flow),
            purpose=flow.purpose,
        ),
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
