"""All SQL on judgements."""

from collections.abc import Iterable

from sqlalchemy import select

from shared_lib.db import Repository
from shared_lib.jobs.models import JobRow
from svc_quality.judgements.models import JudgementRow, OverrideRow, ReportRow


class JudgementRepository(Repository[JudgementRow]):
    """Rows of judgements, their reports and overrides."""

    model = JudgementRow

    def get(self, judgement_id: str) -> JudgementRow | None:
        """A judgement of any tenant, for its own job."""
        return self.session.get(JudgementRow, judgement_id)

    def lock(self, judgement_id: str, *, tenant: str) -> JudgementRow | None:
        """The judgement, held: two overrides are taken one after the other."""
        row: JudgementRow | None = self.session.scalar(
            self.of_tenant(tenant).where(JudgementRow.id == judgement_id).with_for_update()
        )
        return row

    def job_of(self, row: JudgementRow) -> JobRow:
        """The job that judges."""
        return self.session.get_one(JobRow, row.job_id)

    def add_report(self, row: ReportRow) -> None:
        """Name a report's object; from the commit on it can be read."""
        self.session.add(row)

    def report(self, judgement_id: str, *, form: str) -> ReportRow | None:
        """The report in one form."""
        return self.session.scalar(
            select(ReportRow).where(ReportRow.judgement_id == judgement_id, ReportRow.form == form)
        )

    def named(self, keys: Iterable[str]) -> set[str]:
        """Which of these object keys a report names."""
        query = select(ReportRow.object_key).where(ReportRow.object_key.in_(list(keys)))
        return set(self.session.scalars(query))

    def add_override(self, row: OverrideRow) -> None:
        """Keep who decided what."""
        self.session.add(row)
        self.session.flush()

    def overrides(self, judgement_id: str) -> list[OverrideRow]:
        """What people decided, oldest first."""
        query = select(OverrideRow).where(OverrideRow.judgement_id == judgement_id)
        return list(self.session.scalars(query.order_by(OverrideRow.id)))
