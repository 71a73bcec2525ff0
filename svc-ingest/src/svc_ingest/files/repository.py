"""All SQL on landed files and their content."""

from collections.abc import Iterable

from sqlalchemy import select

from shared_lib.db import Repository
from svc_ingest.files.models import BlobRow, FileRow


class FileRepository(Repository[FileRow]):
    """Rows of files and of blobs."""

    model = FileRow

    def blob(self, sha256: str, *, tenant: str) -> BlobRow | None:
        """The tenant's content with that hash."""
        return self.session.get(BlobRow, (tenant, sha256))

    def lock_blob(self, sha256: str, *, tenant: str) -> BlobRow | None:
        """The same, held: nobody forgets the content before this unit ends."""
        query = select(BlobRow).where(BlobRow.tenant == tenant, BlobRow.sha256 == sha256)
        return self.session.scalar(query.with_for_update())

    def add_blob(self, row: BlobRow) -> None:
        """Name new content."""
        self.session.add(row)
        self.session.flush()

    def named(self, keys: Iterable[str]) -> set[str]:
        """Which of these object keys a blob names."""
        query = select(BlobRow.object_key).where(BlobRow.object_key.in_(list(keys)))
        return set(self.session.scalars(query))
