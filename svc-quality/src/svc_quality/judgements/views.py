"""Judgements as the API answers them, and their reports."""

from shared_lib.contracts.errors import Problem
from shared_lib.contracts.jobs import JobState
from shared_lib.contracts.quality import CheckStatus, JudgementView, OverrideView
from shared_lib.contracts.verdicts import Verdict
from shared_lib.db.engine import ReadView
from shared_lib.db.pages import KeysetPage
from svc_quality.judgements.errors import JudgementNotFoundError, NotJudgedYetError
from svc_quality.judgements.models import JudgementRow, OverrideRow, ReportRow
from svc_quality.judgements.repository import JudgementRepository
from svc_quality.suites.repository import SuiteRepository
from svc_quality.tables.models import TableVersionRow


def page_of_judgements(
    view: ReadView, *, tenant: str, limit: int, cursor: str | None, table_version: str | None
) -> KeysetPage[JudgementView]:
    """The tenant's judgements, newest first."""
    where = (JudgementRow.table_version_id == table_version,) if table_version else ()
    page = JudgementRepository(view).page(tenant=tenant, limit=limit, cursor=cursor, where=where)
    return KeysetPage(rows=[view_judgement(view, row) for row in page.rows], next=page.next)


def read_judgement(view: ReadView, judgement_id: str, *, tenant: str) -> JudgementRow:
    """One judgement.

    Raises:
        JudgementNotFoundError: no such judgement in this tenant.
    """
    row = JudgementRepository(view).find(judgement_id, tenant=tenant)
    if row is None:
        raise JudgementNotFoundError(f"There is no judgement {judgement_id}.")
    return row


def read_report(view: ReadView, judgement_id: str, *, tenant: str, form: str) -> ReportRow:
    """Where a judgement's report is.

    Raises:
        JudgementNotFoundError: no such judgement in this tenant.
        NotJudgedYetError: its job has not ended, or it failed.
    """
    row = read_judgement(view, judgement_id, tenant=tenant)
    report = JudgementRepository(view).report(row.id, form=form)
    if report is None:
        raise NotJudgedYetError(
            f"{judgement_id} has no report yet; `fleet job show {row.job_id}` says how far it is."
        )
    return report


def view_judgement(view: ReadView, row: JudgementRow) -> JudgementView:
    """The judgement as the API answers it."""
    judgements = JudgementRepository(view)
    version = view.session.get_one(TableVersionRow, row.table_version_id)
    job, suite = judgements.job_of(row), SuiteRepository(view).get(row.suite_id)
    if job.state == JobState.SUCCEEDED and row.verdict is None:
        # The job has ended between reading the one and the other.
        view.session.refresh(row)
    return JudgementView(
        id=row.id,
        suite_id=row.suite_id,
        suite_name=suite.name,
        suite_version=row.suite_version,
        dataset=version.dataset_name,
        version_id=version.version_id,
        version_number=version.version_number,
        table_id=version.table_id,
        table_version_id=version.id,
        reference=row.reference_id,
        flow_id=version.flow_id,
        job_id=row.job_id,
        state=JobState(job.state),
        verdict=Verdict(row.verdict) if row.verdict else None,
        found=Verdict(row.found) if row.found else None,
        reasons=row.reasons or [],
        remedies=row.remedies or [],
        counts={CheckStatus(name): number for name, number in (row.counts or {}).items()},
        overrides=[view_override(each) for each in judgements.overrides(row.id)],
        error=Problem.model_validate(job.error) if job.error else None,
        created_at=row.created_at,
    )


def view_override(row: OverrideRow) -> OverrideView:
    """What somebody decided."""
    return OverrideView(
        id=row.id,
        subject=row.subject,
        reason=row.reason,
        checks=row.checks,
        created_at=row.created_at,
    )
