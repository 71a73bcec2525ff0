"""Asks for reports, keeps them, and takes turns at the comments that tell of them."""

from collections.abc import Mapping
from typing import Any

from shared_lib.contracts.base import utc_now
from shared_lib.contracts.events import REPORT_PUBLISHED, ReportPublished
from shared_lib.contracts.ids import IdKind, new_id
from shared_lib.contracts.jobs import JobState
from shared_lib.contracts.pull_requests import PullRequest
from shared_lib.contracts.reports import ReportFacts
from shared_lib.db.engine import WriteUnit
from shared_lib.events.outbox import emit
from shared_lib.jobs.models import JobRow
from shared_lib.jobs.queue import JobQueue
from shared_lib.jobs.runtime import Runtime
from shared_lib.storage import StoredObject
from svc_training.reports.comments import marker_of
from svc_training.reports.errors import (
    CommentBusyError,
    GitHubNotSetError,
    RepositoryNotAllowedError,
)
from svc_training.reports.github import Comment
from svc_training.reports.models import CommentRow, ReportFileRow, ReportRow
from svc_training.reports.repository import ReportRepository
from svc_training.requests import REPORT
from svc_training.settings import GitHubSettings
from svc_training.tables.models import TableVersionRow
from svc_training.training_jobs.models import TrainingJobRow
from svc_training.training_jobs.repository import TrainingJobRepository
from svc_training.triggers.models import DecisionRow


class Reports:
    """The reports of all tenants."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._queue = JobQueue(runtime)

    def request_of_training(self, unit: WriteUnit, training: TrainingJobRow) -> ReportRow:
        """Report a training that has ended; in the transaction that ends it."""
        version = unit.session.get_one(TableVersionRow, training.table_version_id)
        return self._request(
            unit,
            subject_id=training.id,
            version=version,
            pull_request=training.pull_request,
            training_job_id=training.id,
        )

    def request_of_decision(
        self, unit: WriteUnit, decision: DecisionRow, *, pull_request: dict[str, Any]
    ) -> ReportRow:
        """Report that nothing was trained; in the transaction that decides so."""
        version = unit.session.get_one(TableVersionRow, decision.table_version_id)
        return self._request(
            unit,
            subject_id=decision.id,
            version=version,
            pull_request=pull_request,
            decision_id=decision.id,
        )

    def keep(self, unit: WriteUnit, report_id: str, *, objects: Mapping[str, StoredObject]) -> None:
        """Name the forms of a report; from the commit on it can be read."""
        reports = ReportRepository(unit)
        row = reports.get(report_id)
        if row is None or row.kept_at is not None:
            return
        row.kept_at = utc_now()
        for form, stored in objects.items():
            reports.add_file(
                ReportFileRow(
                    report_id=row.id,
                    form=form,
                    object_key=stored.key,
                    bytes=stored.bytes,
                    sha256=stored.sha256,
                )
            )

    def take_turn(
        self, unit: WriteUnit, report_id: str, *, marker: str, holder: str
    ) -> tuple[bool, int | None]:
        """Be the one who writes a comment: whether it is still to be written, and its known id.

        What an older report has to say is not written over what a newer one said.

        Raises:
            CommentBusyError: another job is at it; the present one comes back later.
        """
        reports = ReportRepository(unit)
        comment = reports.lock_comment(marker)
        if comment.report_id is not None and comment.report_id > report_id:
            return False, comment.comment_id
        if comment.holder not in (None, holder) and reports.is_writing(comment.holder):
            raise CommentBusyError("Another report is writing this comment; it is tried again.")
        comment.holder = holder
        return True, comment.comment_id

    def publish(
        self, unit: WriteUnit, report_id: str, *, facts: ReportFacts, comment: Comment | None
    ) -> None:
        """Tell of the report and of its comment; in the transaction that ends the job."""
        row = ReportRepository(unit).get(report_id)
        assert row is not None  # noqa: S101 - its job is being ended
        if comment is not None and facts.pull_request is not None:
            marker = marker_of(facts.pull_request, model=facts.model)
            self._note(ReportRepository(unit).lock_comment(marker), row, comment=comment)
        emit(
            unit,
            spec=REPORT_PUBLISHED,
            payload=ReportPublished(
                report_id=row.id,
                job_id=row.job_id,
                subject_id=row.training_job_id or row.decision_id or "",
                model=facts.model,
                outcome=facts.outcome.value,
                comment_url=row.comment_url,
            ),
            producer=self._runtime.name,
            tenant=row.tenant,
            flow_id=facts.flow_id,
            doorbell=self._runtime.doorbell,
        )

    def _note(self, kept: CommentRow, row: ReportRow, *, comment: Comment) -> None:
        kept.comment_id, kept.report_id, kept.holder = comment.id, row.id, None
        row.comment_url = comment.url

    def _request(
        self,
        unit: WriteUnit,
        *,
        subject_id: str,
        version: TableVersionRow,
        pull_request: dict[str, Any] | None,
        training_job_id: str | None = None,
        decision_id: str | None = None,
    ) -> ReportRow:
        report_id = new_id(IdKind.REPORT)
        job = self._queue.request(
            unit,
            kind=REPORT,
            tenant=version.tenant,
            params={"report_id": report_id},
            subject_id=subject_id,
            flow_id=version.flow_id,
        )
        return ReportRepository(unit).add(
            ReportRow(
                id=report_id,
                tenant=version.tenant,
                training_job_id=training_job_id,
                decision_id=decision_id,
                job_id=job.id,
                pull_request=pull_request,
                created_at=utc_now(),
            )
        )


def on_training_ended(unit: WriteUnit, runtime: Runtime, job: JobRow) -> None:
    """Have a pull request told that a training did not end well; one that did asks by itself."""
    if job.state == JobState.SUCCEEDED:
        return
    training = TrainingJobRepository(unit).get(job.params["training_job_id"])
    if training is not None and training.pull_request is not None:
        Reports(runtime).request_of_training(unit, training)


def check_pull_request(at: PullRequest | None, *, settings: GitHubSettings) -> None:
    """Whether a pull request could be told anything, said before it is needed.

    Raises:
        GitHubNotSetError: the fleet has no token.
        RepositoryNotAllowedError: the settings name repositories, and not this one.
    """
    if at is None:
        return
    if not settings.token.get_secret_value():
        raise GitHubNotSetError(
            "This fleet has no token for GitHub. Set FLEET_GITHUB__TOKEN, or name no pull request."
        )
    owner = at.repository.split("/")[0].lower()
    allowed = {each.lower() for each in settings.repositories}
    if allowed and not allowed & {at.repository.lower(), f"{owner}/*"}:
        raise RepositoryNotAllowedError(
            f"This fleet may not comment in {at.repository}: see FLEET_GITHUB__REPOSITORIES.",
            field="pull_request.repository",
        )
