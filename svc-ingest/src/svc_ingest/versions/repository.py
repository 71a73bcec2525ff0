"""All SQL on versions and their files."""

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import select

from shared_lib.db import Repository
from svc_ingest.files.models import FileRow
from svc_ingest.versions.models import VersionRow


class VersionRepository(Repository[VersionRow]):
    """Rows of versions."""

    model = VersionRow

    def latest(self, dataset_id: str) -> VersionRow | None:
        """The newest version of a dataset."""
        query = select(VersionRow).where(VersionRow.dataset_id == dataset_id)
        return self.session.scalar(query.order_by(VersionRow.number.desc()).limit(1))

    def files(self, version_ids: Iterable[str]) -> dict[str, list[FileRow]]:
        """The files of each of these versions, by path."""
        query = select(FileRow).where(FileRow.version_id.in_(list(version_ids)))
        found: dict[str, list[FileRow]] = defaultdict(list)
        for row in self.session.scalars(query.order_by(FileRow.path)):
            found[row.version_id].append(row)
        return found
