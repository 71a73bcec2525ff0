"""All SQL on versions and their files."""

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import func, select, tuple_

from shared_lib.db import Repository
from svc_ingest.files.models import FileRow
from svc_ingest.versions.models import VersionRow


class VersionRepository(Repository[VersionRow]):
    """Rows of versions."""

    model = VersionRow

    def get(self, version_id: str) -> VersionRow | None:
        """A version of any tenant, for an event that names it."""
        return self.session.get(VersionRow, version_id)

    def latest(self, dataset_id: str) -> VersionRow | None:
        """The newest version of a dataset."""
        return self.latest_of([dataset_id]).get(dataset_id)

    def latest_of(self, dataset_ids: Iterable[str]) -> dict[str, VersionRow]:
        """The newest version of each of these datasets that has one."""
        newest = (
            select(VersionRow.dataset_id, func.max(VersionRow.number))
            .where(VersionRow.dataset_id.in_(list(dataset_ids)))
            .group_by(VersionRow.dataset_id)
        )
        query = select(VersionRow).where(
            tuple_(VersionRow.dataset_id, VersionRow.number).in_(newest)
        )
        return {row.dataset_id: row for row in self.session.scalars(query)}

    def files(self, version_ids: Iterable[str]) -> dict[str, list[FileRow]]:
        """The files of each of these versions, by path."""
        query = select(FileRow).where(FileRow.version_id.in_(list(version_ids)))
        found: dict[str, list[FileRow]] = defaultdict(list)
        for row in self.session.scalars(query.order_by(FileRow.path)):
            found[row.version_id].append(row)
        return found
