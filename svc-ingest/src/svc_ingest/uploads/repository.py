"""All SQL on uploads."""

from datetime import datetime, timedelta

from sqlalchemy import select, update

from shared_lib.contracts.base import utc_now
from shared_lib.contracts.catalog import UploadState
from shared_lib.db import Repository
from svc_ingest.files.models import FileRow
from svc_ingest.uploads.models import UploadRow


class UploadRepository(Repository[UploadRow]):
    """Rows of uploads."""

    model = UploadRow

    def get(self, upload_id: str) -> UploadRow | None:
        """An upload of any tenant, for the sweep."""
        return self.session.get(UploadRow, upload_id)

    def lock(self, upload_id: str, *, tenant: str) -> UploadRow | None:
        """The tenant's upload, held until the unit ends."""
        row: UploadRow | None = self.session.scalar(
            self.of_tenant(tenant).where(UploadRow.id == upload_id).with_for_update()
        )
        return row

    def renew(self, upload_id: str, *, lease_s: float) -> bool:
        """Bytes came: the upload is alive. False when it has been dropped."""
        statement = (
            update(UploadRow)
            .where(UploadRow.id == upload_id, UploadRow.state == UploadState.RECEIVING)
            .values(lease_until=utc_now() + timedelta(seconds=lease_s))
            .returning(UploadRow.id)
        )
        return self.session.scalar(statement) is not None

    def abort(self, upload_id: str, *, since: UploadState) -> bool:
        """Drop an upload that is still in that state."""
        statement = (
            update(UploadRow)
            .where(UploadRow.id == upload_id, UploadRow.state == since)
            .values(state=UploadState.ABORTED, lease_until=None)
            .returning(UploadRow.id)
        )
        return self.session.scalar(statement) is not None

    def expired(self, *, limit: int) -> list[UploadRow]:
        """Uploads from which nothing has come for too long."""
        query = select(UploadRow).where(
            UploadRow.state == UploadState.RECEIVING, UploadRow.lease_until < utc_now()
        )
        return list(self.session.scalars(query.limit(limit)))

    def unlanded(self, *, before: datetime, limit: int) -> list[str]:
        """Ids of received uploads that nobody has landed since."""
        query = select(UploadRow.id).where(
            UploadRow.state == UploadState.RECEIVED, UploadRow.created_at < before
        )
        return list(self.session.scalars(query.limit(limit)))

    def lock_received(self, upload_id: str) -> UploadRow | None:
        """The upload, held, if it still waits to be landed and nobody else holds it."""
        query = select(UploadRow).where(
            UploadRow.id == upload_id, UploadRow.state == UploadState.RECEIVED
        )
        return self.session.scalar(query.with_for_update(skip_locked=True))

    def content_is_used(self, row: UploadRow) -> bool:
        """Whether a landed file, or another upload that may land, has the same content."""
        file = select(FileRow.id).where(FileRow.tenant == row.tenant, FileRow.sha256 == row.sha256)
        other = select(UploadRow.id).where(
            UploadRow.tenant == row.tenant,
            UploadRow.sha256 == row.sha256,
            UploadRow.state == UploadState.RECEIVED,
            UploadRow.id != row.id,
        )
        return any(self.session.scalar(query.limit(1)) for query in (file, other))
