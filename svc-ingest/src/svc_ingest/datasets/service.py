"""Datasets: making them, finding them, listing them."""

from sqlalchemy.exc import IntegrityError

from shared_lib.contracts.base import utc_now
from shared_lib.contracts.catalog import DatasetCreate, DatasetView
from shared_lib.contracts.ids import IdKind, new_id
from shared_lib.db.engine import ReadView, WriteUnit
from shared_lib.db.pages import KeysetPage
from svc_ingest.datasets.errors import DatasetExistsError, DatasetNotFoundError
from svc_ingest.datasets.models import DatasetRow
from svc_ingest.datasets.repository import DatasetRepository
from svc_ingest.versions.repository import VersionRepository
from svc_ingest.versions.views import view_version


class Datasets:
    """The datasets of all tenants."""

    def create(self, unit: WriteUnit, *, tenant: str, body: DatasetCreate) -> DatasetView:
        """Make an empty dataset.

        Raises:
            DatasetExistsError: the name is taken.
        """
        if DatasetRepository(unit).find_by_name(body.name, tenant=tenant) is not None:
            raise DatasetExistsError(
                f"There is a dataset {body.name} already. Push to it, or choose another name.",
                field="name",
            )
        row = self._add(unit, tenant=tenant, name=body.name, description=body.description)
        return self.view(unit, row)

    def ensure(self, unit: WriteUnit, *, tenant: str, name: str) -> DatasetRow:
        """The dataset of that name or id, held; made when there is none of that name."""
        found = DatasetRepository(unit).find_by_name_or_id(name, tenant=tenant)
        if found is None:
            valid = DatasetCreate(name=name)
            return self._add(unit, tenant=tenant, name=valid.name, description="")
        DatasetRepository(unit).lock(found)
        return found

    def find(self, view: ReadView, dataset: str, *, tenant: str) -> DatasetRow:
        """The dataset by name or id.

        Raises:
            DatasetNotFoundError: no such dataset in this tenant.
        """
        row = DatasetRepository(view).find_by_name_or_id(dataset, tenant=tenant)
        if row is None:
            raise DatasetNotFoundError(
                f"There is no dataset {dataset}. `fleet dataset list` shows yours."
            )
        return row

    def page(
        self, view: ReadView, *, tenant: str, limit: int, cursor: str | None
    ) -> KeysetPage[DatasetView]:
        """The tenant's datasets, newest first."""
        page = DatasetRepository(view).page(tenant=tenant, limit=limit, cursor=cursor)
        return KeysetPage(rows=[self.view(view, row) for row in page.rows], next=page.next)

    def view(self, view: ReadView, row: DatasetRow) -> DatasetView:
        """The dataset as the API answers it."""
        versions = VersionRepository(view)
        latest = versions.latest(row.id)
        files = versions.files([latest.id])[latest.id] if latest else []
        return DatasetView(
            id=row.id,
            name=row.name,
            description=row.description,
            versions=latest.number if latest else 0,
            latest_version=view_version(latest, dataset=row, files=files) if latest else None,
            created_at=row.created_at,
        )

    def _add(self, unit: WriteUnit, *, tenant: str, name: str, description: str) -> DatasetRow:
        row = DatasetRow(
            id=new_id(IdKind.DATASET),
            tenant=tenant,
            name=name,
            description=description,
            created_at=utc_now(),
        )
        try:
            return DatasetRepository(unit).add(row)
        except IntegrityError as error:
            raise DatasetExistsError(
                f"A dataset {name} is being made at this moment. Send the request again.",
                headers={"Retry-After": "1"},
            ) from error
