"""All SQL on datasets."""

from sqlalchemy import or_

from shared_lib.db import Repository
from svc_ingest.datasets.models import DatasetRow


class DatasetRepository(Repository[DatasetRow]):
    """Rows of datasets."""

    model = DatasetRow

    def find_by_name(self, name: str, *, tenant: str) -> DatasetRow | None:
        """The dataset with that name."""
        row: DatasetRow | None = self.session.scalar(
            self.of_tenant(tenant).where(DatasetRow.name == name)
        )
        return row

    def find_by_name_or_id(self, dataset: str, *, tenant: str) -> DatasetRow | None:
        """The dataset that is called so, by whichever of the two."""
        row: DatasetRow | None = self.session.scalar(
            self.of_tenant(tenant).where(or_(DatasetRow.name == dataset, DatasetRow.id == dataset))
        )
        return row

    def lock(self, dataset: DatasetRow) -> None:
        """Hold the dataset, so that its version numbers are given out one at a time."""
        self.session.refresh(dataset, with_for_update=True)
