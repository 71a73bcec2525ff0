"""All SQL on landed files and their conversions."""

from shared_lib.db import Repository
from shared_lib.jobs.models import JobRow
from svc_parquet.conversions.models import ConversionRow, SourceFileRow


class SourceFileRepository(Repository[SourceFileRow]):
    """Rows of landed files."""

    model = SourceFileRow


class ConversionRepository(Repository[ConversionRow]):
    """Rows of conversions."""

    model = ConversionRow

    def get(self, conversion_id: str) -> ConversionRow | None:
        """A conversion of any tenant, for its own job."""
        return self.session.get(ConversionRow, conversion_id)

    def source_of(self, row: ConversionRow) -> SourceFileRow:
        """The file that is converted."""
        return self.session.get_one(SourceFileRow, row.file_id)

    def job_of(self, row: ConversionRow) -> JobRow:
        """The job that converts."""
        return self.session.get_one(JobRow, row.job_id)
