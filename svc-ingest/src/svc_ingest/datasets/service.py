"""Datasets: making them, finding them, listing them."""

import re

from sqlalchemy.exc import IntegrityError

from shared_lib.contracts.base import utc_now
from shared_lib.contracts.catalog import DatasetCreate, DatasetView
from shared_lib.contracts.ids import IdKind, new_id
from shared_lib.contracts.verdicts import Verdict
from shared_lib.db.engine import ReadView, WriteUnit
from shared_lib.db.pages import KeysetPage
from svc_ingest.datasets.errors import (
    DatasetExistsError,
    DatasetNameIsAnIdError,
    DatasetNotFoundError,
)
from svc_ingest.datasets.models import DatasetRow
from svc_ingest.datasets.repository import DatasetRepository
from svc_ingest.files.models import FileRow
from svc_ingest.flows.service import verdicts_of
from svc_ingest.versions.models import VersionRow
from svc_ingest.versions.repository import VersionRepository
from svc_ingest.versions.views import view_version

_ID = re.compile(rf"{IdKind.DATASET.value}_[0-9a-f]{{32}}")


class Datasets:
    """The datasets of all tenants."""

    def create(self, unit: WriteUnit, *, tenant: str, body: DatasetCreate) -> DatasetView:
        """Make an empty dataset.

        Raises:
            DatasetExistsError: the name is taken.
            DatasetNameIsAnIdError: the name looks like an id.
        """
        if _ID.fullmatch(body.name):
            raise DatasetNameIsAnIdError(
                f"{body.name} looks like the id of a dataset. Choose another name.", field="name"
            )
        if DatasetRepository(unit).find_by_name(body.name, tenant=tenant) is not None:
            raise DatasetExistsError(
                f"There is a dataset {body.name} already. Push to it, or choose another name.",
                field="name",
            )
        try:
            row = self._add(unit, tenant=tenant, name=body.name, description=body.description)
        except IntegrityError as error:
            raise DatasetExistsError(
                f"A dataset {body.name} was made at this moment. Push to it.", field="name"
            ) from error
        return self.view(unit, row)

    def ensure(
        self, unit: WriteUnit, *, tenant: str, name: str, id_if_new: str | None = None
    ) -> DatasetRow:
        """The dataset of that name or id, held; made when there is none of that name.

        Raises:
            DatasetNotFoundError: it is an id, and none of this tenant's.
            IntegrityError: another unit has just made it; a new unit finds it.
        """
        found = DatasetRepository(unit).find_by_name_or_id(name, tenant=tenant)
        if found is None and _ID.fullmatch(name):
            raise _not_found(name)
        if found is None:
            return self._add(unit, tenant=tenant, name=name, description="", row_id=id_if_new)
        DatasetRepository(unit).lock(found)
        return found

    def find(self, view: ReadView, dataset: str, *, tenant: str) -> DatasetRow:
        """The dataset by name or id.

        Raises:
            DatasetNotFoundError: no such dataset in this tenant.
        """
        row = DatasetRepository(view).find_by_name_or_id(dataset, tenant=tenant)
        if row is None:
            raise _not_found(dataset)
        return row

    def page(
        self, view: ReadView, *, tenant: str, limit: int, cursor: str | None, name: str | None
    ) -> KeysetPage[DatasetView]:
        """The tenant's datasets, newest first; with `name`, those whose name contains it."""
        where = (DatasetRow.name.icontains(name, autoescape=True),) if name else ()
        page = DatasetRepository(view).page(tenant=tenant, limit=limit, cursor=cursor, where=where)
        return KeysetPage(rows=self._views(view, page.rows), next=page.next)

    def view(self, view: ReadView, row: DatasetRow) -> DatasetView:
        """The dataset as the API answers it."""
        return self._views(view, [row])[0]

    def _views(self, view: ReadView, rows: list[DatasetRow]) -> list[DatasetView]:
        versions = VersionRepository(view)
        latest = versions.latest_of(row.id for row in rows)
        ids = [version.id for version in latest.values()]
        files, verdicts = versions.files(ids), verdicts_of(view, ids)
        newest = {
            version.dataset_id: (version, files.get(version.id, []), verdicts.get(version.id))
            for version in latest.values()
        }
        return [_view_dataset(row, newest.get(row.id)) for row in rows]

    def _add(
        self,
        unit: WriteUnit,
        *,
        tenant: str,
        name: str,
        description: str,
        row_id: str | None = None,
    ) -> DatasetRow:
        row = DatasetRow(
            id=row_id or new_id(IdKind.DATASET),
            tenant=tenant,
            name=name,
            description=description,
            created_at=utc_now(),
        )
        return DatasetRepository(unit).add(row)


def _view_dataset(
    row: DatasetRow, newest: tuple[VersionRow, list[FileRow], Verdict | None] | None
) -> DatasetView:
    version = None
    if newest is not None:
        latest, files, verdict = newest
        version = view_version(latest, dataset=row, files=files, verdict=verdict)
    return DatasetView(
        id=row.id,
        name=row.name,
        description=row.description,
        versions=version.number if version else 0,
        latest_version=version,
        created_at=row.created_at,
    )


def _not_found(dataset: str) -> DatasetNotFoundError:
    return DatasetNotFoundError(f"There is no dataset {dataset}. `fleet dataset list` shows yours.")
