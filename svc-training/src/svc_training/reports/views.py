"""Reports as the API answers them."""

from shared_lib.db.engine import ReadView
from svc_training.reports.errors import ReportNotFoundError
from svc_training.reports.models import ReportFileRow
from svc_training.reports.repository import ReportRepository


def is_reported(view: ReadView, subject_id: str, *, tenant: str) -> bool:
    """Whether a training job or a decision has a report, or will have it."""
    return ReportRepository(view).of_subject(subject_id, tenant=tenant) is not None


def read_form(view: ReadView, subject_id: str, *, tenant: str, form: str) -> ReportFileRow:
    """One form of the report of a training job or of a decision.

    Raises:
        ReportNotFoundError: there is none of it in this tenant, or it is still being written.
    """
    reports = ReportRepository(view)
    row = reports.of_subject(subject_id, tenant=tenant)
    if row is None:
        raise ReportNotFoundError(
            f"{subject_id} has no report. A training has one when it has ended, a refusal when a "
            "pull request is bound to its trigger."
        )
    found = reports.file(row.id, form=form)
    if found is None:
        raise ReportNotFoundError(
            f"The report of {subject_id} is not written yet; follow `fleet job show {row.job_id}`."
        )
    return found
