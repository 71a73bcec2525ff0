"""Judgements: asked for when a table is published, made by a job, overridden by people."""

from collections import Counter

from shared_lib.contracts.base import utc_now
from shared_lib.contracts.events import (
    JUDGEMENTS_REQUESTED,
    QUALITY_JUDGED,
    Event,
    JudgementsRequested,
    QualityJudged,
    RequestedJudgement,
    TablePublished,
)
from shared_lib.contracts.ids import IdKind, new_id
from shared_lib.contracts.plans import FlowPlan
from shared_lib.contracts.quality import CheckStatus, OverrideCreate, QualityReport
from shared_lib.contracts.verdicts import Verdict
from shared_lib.db.engine import WriteUnit
from shared_lib.events import emit
from shared_lib.jobs import JobQueue, Runtime
from shared_lib.storage import StoredObject
from svc_quality.judgements.errors import (
    JudgementNotFoundError,
    NothingToOverrideError,
    NotJudgedYetError,
    UnknownCheckError,
)
from svc_quality.judgements.models import JudgementRow, OverrideRow, ReportRow
from svc_quality.judgements.repository import JudgementRepository
from svc_quality.requests import INFER, JUDGE
from svc_quality.suites.models import SuiteRow
from svc_quality.suites.repository import SuiteRepository
from svc_quality.tables.models import TableVersionRow
from svc_quality.tables.repository import TableVersionRepository

TOLD_REASONS = 20
"""Reasons in an event; all of them are in the report."""


class Judgements:
    """The judgements of all tenants."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._queue = JobQueue(runtime)

    def on_table_published(self, unit: WriteUnit, event: Event, table: TablePublished) -> None:
        """`table.published`: remember it, and judge it by every suite that is bound to it."""
        version = TableVersionRepository(unit).add(
            TableVersionRow(
                id=table.table_version_id,
                tenant=event.tenant,
                dataset_id=table.dataset_id,
                dataset_name=table.dataset_name,
                version_id=table.version_id,
                version_number=table.version_number,
                file_id=table.file_id,
                table_id=table.table_id,
                table_name=table.table_name,
                flow_id=event.flow_id,
                rows=table.rows,
                parts=table.parts,
                created_at=event.occurred_at,
            )
        )
        if self._makes_planned_suite(unit, version, plan=table.plan):
            return  # its job asks for all judgements, this suite's among them
        self.judge_by_all(unit, version)

    def judge_by_all(self, unit: WriteUnit, version: TableVersionRow) -> None:
        """Ask for a judgement by every suite that is bound to the table; tell which, if any."""
        suites = SuiteRepository(unit).bound_to(
            version.dataset_name, tenant=version.tenant, table=version.table_name
        )
        asked = [(suite, self._request(unit, suite=suite, version=version)) for suite in suites]
        self._tell_requested(unit, version, asked)

    def _makes_planned_suite(
        self, unit: WriteUnit, version: TableVersionRow, *, plan: FlowPlan | None
    ) -> bool:
        """Ask for the job that makes the suite that the flow names, unless there is one."""
        if plan is None or plan.suite is None:
            return False
        suites = SuiteRepository(unit)
        if suites.named(plan.suite, tenant=version.tenant, dataset=version.dataset_name):
            return False
        self._queue.request(
            unit,
            kind=INFER,
            tenant=version.tenant,
            params={
                "dataset": version.dataset_name,
                "table_version": version.id,
                "name": plan.suite,
                "label": plan.label,
                "planned": True,
            },
            subject_id=version.file_id,
            flow_id=version.flow_id,
        )
        return True

    def request(
        self, unit: WriteUnit, *, suite: SuiteRow, version: TableVersionRow
    ) -> JudgementRow:
        """Judge a version by the newest version of a suite."""
        row = self._request(unit, suite=suite, version=version)
        self._tell_requested(unit, version, [(suite, row)])
        return row

    def publish(
        self,
        unit: WriteUnit,
        *,
        judgement_id: str,
        report: QualityReport,
        objects: dict[str, StoredObject],
    ) -> None:
        """Write the verdict and tell of it; runs in the transaction that ends the job.

        A suite that had no reference for this table takes the first version that passes it.
        """
        judgements, suites = JudgementRepository(unit), SuiteRepository(unit)
        row = judgements.get(judgement_id)
        if row is None:
            raise JudgementNotFoundError(f"There is no judgement {judgement_id}.")
        broken = [each for each in report.results if each.status is not CheckStatus.PASSED]
        row.verdict = row.found = report.verdict.value
        row.reasons = report.reasons
        row.remedies = [each.remedy for each in broken if each.remedy]
        row.failing = [
            each.id for each in broken if each.status in (CheckStatus.FAILED, CheckStatus.ERROR)
        ]
        row.counts = dict(Counter(each.status.value for each in report.results))
        row.revision += 1
        for form, stored in objects.items():
            judgements.add_report(
                ReportRow(
                    object_key=stored.key,
                    judgement_id=row.id,
                    form=form,
                    bytes=stored.bytes,
                    sha256=stored.sha256,
                )
            )
        version = self.version_of(unit, row)
        if report.verdict is not Verdict.FAILED and row.reference_id is None:
            suites.add_first_reference(
                row.suite_id, table_id=version.table_id, table_version_id=version.id
            )
        self._tell_judged(unit, row, version=version)

    def override(
        self,
        unit: WriteUnit,
        judgement_id: str,
        *,
        tenant: str,
        subject: str,
        body: OverrideCreate,
    ) -> JudgementRow:
        """Accept checks that failed; when none is left the version counts as warned.

        Raises:
            JudgementNotFoundError: no such judgement in this tenant.
            NotJudgedYetError: it has no verdict yet.
            NothingToOverrideError: it has not failed, or all that failed was accepted before.
            UnknownCheckError: a named check did not fail.
        """
        judgements = JudgementRepository(unit)
        row = judgements.lock(judgement_id, tenant=tenant)
        if row is None:
            raise JudgementNotFoundError(f"There is no judgement {judgement_id}.")
        failing = _failing(row, accepting=body.checks)
        judgements.add_override(
            OverrideRow(
                id=new_id(IdKind.OVERRIDE),
                tenant=tenant,
                judgement_id=row.id,
                subject=subject,
                reason=body.reason,
                checks=body.checks or sorted(failing),
                created_at=utc_now(),
            )
        )
        accepted = {name for each in judgements.overrides(row.id) for name in each.checks}
        if failing <= accepted:
            row.verdict = Verdict.WARNED.value
        row.revision += 1
        self._tell_judged(unit, row, version=self.version_of(unit, row), by=subject)
        return row

    def version_of(self, unit: WriteUnit, row: JudgementRow) -> TableVersionRow:
        """The version that is judged."""
        version = TableVersionRepository(unit).get(row.table_version_id)
        assert version is not None  # noqa: S101 - a foreign key says so
        return version

    def _request(
        self, unit: WriteUnit, *, suite: SuiteRow, version: TableVersionRow
    ) -> JudgementRow:
        judgement_id = new_id(IdKind.JUDGEMENT)
        job = self._queue.request(
            unit,
            kind=JUDGE,
            tenant=version.tenant,
            params={"judgement_id": judgement_id},
            subject_id=version.file_id,
            flow_id=version.flow_id,
        )
        return JudgementRepository(unit).add(
            JudgementRow(
                id=judgement_id,
                tenant=version.tenant,
                suite_id=suite.id,
                suite_version=suite.version,
                table_version_id=version.id,
                reference_id=SuiteRepository(unit).reference(suite.id, table_id=version.table_id),
                job_id=job.id,
                revision=1,
                created_at=utc_now(),
            )
        )

    def _tell_requested(
        self,
        unit: WriteUnit,
        version: TableVersionRow,
        asked: list[tuple[SuiteRow, JudgementRow]],
    ) -> None:
        requested = [
            RequestedJudgement(judgement_id=row.id, suite_name=suite.name, job_id=row.job_id)
            for suite, row in asked
        ]
        emit(
            unit,
            spec=JUDGEMENTS_REQUESTED,
            payload=JudgementsRequested(
                version_id=version.version_id,
                file_id=version.file_id,
                table_version_id=version.id,
                judgements=requested,
            ),
            producer=self._runtime.name,
            tenant=version.tenant,
            flow_id=version.flow_id,
            doorbell=self._runtime.doorbell,
        )

    def _tell_judged(
        self,
        unit: WriteUnit,
        row: JudgementRow,
        *,
        version: TableVersionRow,
        by: str | None = None,
    ) -> None:
        suite, counts = SuiteRepository(unit).get(row.suite_id), row.counts or {}
        emit(
            unit,
            spec=QUALITY_JUDGED,
            payload=QualityJudged(
                judgement_id=row.id,
                suite_id=suite.id,
                suite_name=suite.name,
                suite_version=row.suite_version,
                dataset_name=version.dataset_name,
                version_id=version.version_id,
                file_id=version.file_id,
                table_id=version.table_id,
                table_version_id=version.id,
                job_id=row.job_id,
                verdict=Verdict(row.verdict or Verdict.FAILED),
                found=Verdict(row.found or Verdict.FAILED),
                overridden_by=by,
                reasons=(row.reasons or [])[:TOLD_REASONS],
                remedies=(row.remedies or [])[:TOLD_REASONS],
                checks=sum(counts.values()),
                passed=counts.get(CheckStatus.PASSED, 0),
                revision=row.revision,
            ),
            producer=self._runtime.name,
            tenant=version.tenant,
            flow_id=version.flow_id,
            doorbell=self._runtime.doorbell,
        )


def _failing(row: JudgementRow, *, accepting: list[str]) -> set[str]:
    """Ids of the checks that hold a version back.

    Raises:
        NotJudgedYetError: it has no verdict yet.
        NothingToOverrideError: it has not failed, or all that failed was accepted before.
        UnknownCheckError: what is to be accepted did not fail.
    """
    failing = set(row.failing or [])
    if row.verdict is None:
        raise NotJudgedYetError(f"{row.id} is not judged yet; look at its job first.")
    if row.verdict != Verdict.FAILED:
        raise NothingToOverrideError(f"{row.id} is {row.verdict}; nothing holds it back.")
    unknown = sorted(set(accepting) - failing)
    if unknown:
        raise UnknownCheckError(
            f"{unknown[0]} is none of the checks that failed: {', '.join(sorted(failing))}.",
            field="checks",
        )
    return failing
