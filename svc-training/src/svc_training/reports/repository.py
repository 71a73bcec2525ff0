"""All SQL on reports and comments."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from shared_lib.db import Repository
from shared_lib.jobs.models import JobRow
from shared_lib.jobs.repository import HELD
from svc_training.reports.models import CommentRow, ReportFileRow, ReportRow


class ReportRepository(Repository[ReportRow]):
    """Rows of reports, their forms and the comments."""

    model = ReportRow

    def get(self, report_id: str) -> ReportRow | None:
        """A report of any tenant, for its own job."""
        return self.session.get(ReportRow, report_id)

    def of_subject(self, subject_id: str, *, tenant: str) -> ReportRow | None:
        """The report of a training job or of a decision."""
        found: ReportRow | None = self.session.scalar(
            self.of_tenant(tenant).where(
                (ReportRow.training_job_id == subject_id) | (ReportRow.decision_id == subject_id)
            )
        )
        return found

    def add_file(self, row: ReportFileRow) -> None:
        """Name a form's object; from the commit on it can be read."""
        self.session.add(row)

    def file(self, report_id: str, *, form: str) -> ReportFileRow | None:
        """One form of a report."""
        return self.session.get(ReportFileRow, (report_id, form))

    def named(self, keys: Iterable[str]) -> set[str]:
        """Which of these object keys a form names."""
        query = select(ReportFileRow.object_key).where(ReportFileRow.object_key.in_(list(keys)))
        return set(self.session.scalars(query))

    def lock_comment(self, marker: str) -> CommentRow:
        """The comment, held until the unit ends; its row is made when it is the first time."""
        dialect = self.session.get_bind().dialect.name
        insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
        self.session.execute(insert(CommentRow).values(marker=marker).on_conflict_do_nothing())
        query = select(CommentRow).where(CommentRow.marker == marker).with_for_update()
        return self.session.scalars(query).one()

    def is_writing(self, holder: str | None) -> bool:
        """Whether that try of a job still holds its job."""
        if holder is None:
            return False
        job_id, _, fence = holder.rpartition("-")
        job = self.session.get(JobRow, job_id)
        return job is not None and job.state in HELD and str(job.fence) == fence
