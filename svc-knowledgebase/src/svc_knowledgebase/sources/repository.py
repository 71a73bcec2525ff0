"""All SQL on landed versions."""

from sqlalchemy import select

from shared_lib.db import Repository
from svc_knowledgebase.sources.models import LandedFileRow, LandedVersionRow


class LandedVersionRepository(Repository[LandedVersionRow]):
    """Rows of landed versions and their files."""

    model = LandedVersionRow

    def add_files(self, rows: list[LandedFileRow]) -> None:
        """Keep a version's files."""
        self.session.add_all(rows)
        self.session.flush()

    def get(self, version_id: str) -> LandedVersionRow:
        """A version that a build names."""
        return self.session.get_one(LandedVersionRow, version_id)

    def newest(self, dataset: str, *, tenant: str) -> LandedVersionRow | None:
        """The newest version of a dataset, by its name or id."""
        row: LandedVersionRow | None = self.session.scalar(
            self.of_tenant(tenant)
            .where(
                (LandedVersionRow.dataset_name == dataset)
                | (LandedVersionRow.dataset_id == dataset)
            )
            .order_by(LandedVersionRow.number.desc())
            .limit(1)
        )
        return row

    def files(self, version_id: str) -> list[LandedFileRow]:
        """A version's files, by path."""
        query = select(LandedFileRow).where(LandedFileRow.version_id == version_id)
        return sorted(self.session.scalars(query), key=lambda row: row.path)
