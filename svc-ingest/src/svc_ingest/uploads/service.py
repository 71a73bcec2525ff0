"""Uploads: a row, then bytes, then one transaction that makes them visible."""

import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import timedelta

from anyio import CancelScope, to_thread

from shared_lib.contracts.base import utc_now
from shared_lib.contracts.catalog import (
    UploadedPath,
    UploadState,
    UploadView,
    VersionCreate,
    VersionPurpose,
    VersionView,
)
from shared_lib.contracts.conversions import ConversionOptions
from shared_lib.contracts.errors import FleetError
from shared_lib.contracts.ids import IdKind, new_id
from shared_lib.contracts.plans import FlowPlan
from shared_lib.db.engine import WriteUnit
from shared_lib.faults import crash_point
from shared_lib.jobs import Runtime
from shared_lib.storage import ObjectWriter, StoredObject
from shared_lib.storage.errors import ObjectMissingError
from shared_lib.storage.keys import raw_key
from svc_ingest.files.models import BlobRow
from svc_ingest.files.repository import FileRepository
from svc_ingest.settings import IngestSettings
from svc_ingest.uploads.errors import (
    DuplicateUploadError,
    EmptyUploadError,
    UploadExpiredError,
    UploadIncompleteError,
    UploadNotFoundError,
    UploadTooLargeError,
)
from svc_ingest.uploads.models import UploadRow
from svc_ingest.uploads.paths import clean_path
from svc_ingest.uploads.repository import UploadRepository
from svc_ingest.versions.errors import UploadNotReadyError
from svc_ingest.versions.service import ReceivedFile, Versions

logger = logging.getLogger(__name__)

BATCH_BYTES = 1024 * 1024
"""Bytes handed to the writing thread at once: a hop costs more than hashing 64 kB."""


class Uploads:
    """The uploads of all tenants."""

    def __init__(self, runtime: Runtime, *, settings: IngestSettings, versions: Versions) -> None:
        self._runtime = runtime
        self._settings = settings
        self._versions = versions

    def begin(self, *, tenant: str, path: str, announced_bytes: int | None) -> UploadRow:
        """Write the upload's row: from here on its object has a known writer.

        Raises:
            UploadTooLargeError, InvalidUploadPathError: before any byte is read.
        """
        self._refuse_size(announced_bytes or 0)
        upload_id = new_id(IdKind.UPLOAD)
        row = UploadRow(
            id=upload_id,
            tenant=tenant,
            path=clean_path(path),
            state=UploadState.RECEIVING,
            object_key=raw_key(tenant, upload_id),
            bytes=0,
            sha256="",
            deduplicated=False,
            lease_until=utc_now() + timedelta(seconds=self._settings.upload_lease_s),
            created_at=utc_now(),
        )
        with self._runtime.database.write() as unit:
            UploadRepository(unit).add(row)
            unit.session.expunge(row)
        crash_point("ingest.upload.row_written")
        return row

    async def receive(
        self,
        upload: UploadRow,
        chunks: AsyncIterator[bytes],
        *,
        announced_bytes: int | None,
        announced_sha256: str | None,
    ) -> StoredObject:
        """Stream the bytes into the store while hashing them; whatever fails leaves nothing.

        Raises:
            EmptyUploadError, UploadTooLargeError, UploadIncompleteError, UploadExpiredError,
            HashMismatchError, NoSpaceError: see each.
        """
        try:
            writer = await to_thread.run_sync(self._runtime.store.writer, upload.object_key)
            stored = await self._stream(writer, upload, chunks, announced_bytes, announced_sha256)
        except BaseException:
            # Also when the client has gone and this task is being cancelled.
            with CancelScope(shield=True):
                await to_thread.run_sync(self.abort, upload)
            raise
        crash_point("ingest.upload.object_written")
        return stored

    async def _stream(
        self,
        writer: ObjectWriter,
        upload: UploadRow,
        chunks: AsyncIterator[bytes],
        announced_bytes: int | None,
        announced_sha256: str | None,
    ) -> StoredObject:
        try:
            received = 0
            async with aclosing(_batched(chunks)) as batches:
                async for batch in batches:
                    received += len(batch)
                    self._refuse_size(received)
                    await to_thread.run_sync(self._write, writer, upload, batch)
            if received == 0:
                raise EmptyUploadError(
                    f"{upload.path} has no bytes. Nothing was kept; send a file with content."
                )
            if announced_bytes is not None and received != announced_bytes:
                raise UploadIncompleteError(
                    f"{received} of {announced_bytes} bytes came. Nothing was kept; send it again.",
                    byte=received,
                )
            return await to_thread.run_sync(lambda: writer.commit(expect_sha256=announced_sha256))
        finally:
            # Discarding waits for a disk or for a store, so it is no `with` on the event loop.
            with CancelScope(shield=True):
                await to_thread.run_sync(writer.__exit__, None, None, None)

    def _write(self, writer: ObjectWriter, upload: UploadRow, batch: bytes) -> None:
        writer.write(batch)
        half = timedelta(seconds=self._settings.upload_lease_s / 2)
        if upload.lease_until is not None and upload.lease_until - utc_now() < half:
            with self._runtime.database.write() as unit:
                lease_s = self._settings.upload_lease_s
                if not UploadRepository(unit).renew(upload.id, lease_s=lease_s):
                    raise _expired(upload)
            upload.lease_until = utc_now() + timedelta(seconds=self._settings.upload_lease_s)

    def abort(self, upload: UploadRow) -> None:
        """Forget an upload that failed, unless it has been received.

        What cannot be forgotten now, because the database or the store is away, the sweep does.
        """
        try:
            with self._runtime.database.write() as unit:
                uploads = UploadRepository(unit)
                uploads.abort(upload.id, since=UploadState.RECEIVING)
                row = uploads.get(upload.id)
                # The sweep may have been first, and have looked for the object before it was there.
                aborted = row is not None and row.state == UploadState.ABORTED
            if aborted:
                self._runtime.store.delete(upload.object_key)
        except FleetError as error:
            logger.warning(
                "a failed upload is left to the sweep",
                extra={"upload_id": upload.id, "reason": error.detail},
            )

    def finish(
        self,
        unit: WriteUnit,
        upload: UploadRow,
        *,
        stored: StoredObject,
        dataset: str | None,
        options: ConversionOptions,
    ) -> UploadView:
        """Make the bytes known, once for each content, and land them when a dataset is named.

        Raises:
            UploadExpiredError: it was dropped meanwhile.
            IntegrityError: another unit commits the same content or dataset; a new unit sees it.
        """
        row = UploadRepository(unit).lock(upload.id, tenant=upload.tenant)
        if row is None or row.state != UploadState.RECEIVING:
            raise _expired(upload)
        files = FileRepository(unit)
        blob = files.lock_blob(stored.sha256, tenant=row.tenant)
        row.deduplicated = blob is not None
        row.bytes, row.sha256, row.lease_until = stored.bytes, stored.sha256, None
        row.state = UploadState.RECEIVED
        if blob is None:
            files.add_blob(_blob_of(row))
        unit.after_commit(lambda: self._settle(upload, duplicate=blob is not None))
        version = None
        if dataset is not None:
            version = self._land(
                unit, tenant=row.tenant, dataset=dataset, uploads=[(row, row.path)], options=options
            )
        crash_point("ingest.upload.before_commit")
        return view_upload(row, version=version)

    def land(
        self,
        unit: WriteUnit,
        *,
        tenant: str,
        dataset: str,
        body: VersionCreate,
        plan: FlowPlan | None = None,
    ) -> VersionView:
        """Land received uploads as one version, whose flow has that plan.

        Raises:
            UploadNotFoundError: no such upload in this tenant.
            UploadNotReadyError: it is not received, or has landed before.
            DuplicateUploadError: an upload is named twice.
            InvalidUploadPathError: a given path cannot be a file's.
            IntegrityError: another unit has just made the dataset; a new unit finds it.
        """
        wanted: dict[str, UploadedPath] = {}
        for each in body.uploads:
            if each.upload_id in wanted:
                raise DuplicateUploadError(
                    f"Upload {each.upload_id} is named twice; name it once.", field="uploads"
                )
            wanted[each.upload_id] = each
        # Held in one order whatever the request's is, so that two of them cannot wait for
        # each other.
        rows = {key: self._landable(unit, key, tenant=tenant) for key in sorted(wanted)}
        uploads = [
            (rows[key], clean_path(each.path) if each.path else rows[key].path)
            for key, each in wanted.items()
        ]
        return self._land(
            unit,
            tenant=tenant,
            dataset=dataset,
            uploads=uploads,
            options=body.options,
            plan=plan,
            purpose=body.purpose,
        )

    def _landable(self, unit: WriteUnit, upload_id: str, *, tenant: str) -> UploadRow:
        row = UploadRepository(unit).lock(upload_id, tenant=tenant)
        if row is None:
            raise UploadNotFoundError(f"There is no upload {upload_id}.", field="uploads")
        if row.state != UploadState.RECEIVED:
            raise UploadNotReadyError(
                f"Upload {row.id} is {row.state}; only a received upload lands, and only once. "
                "Send the file again: content that is here already is not stored twice.",
                field="uploads",
            )
        return row

    def _land(
        self,
        unit: WriteUnit,
        *,
        tenant: str,
        dataset: str,
        uploads: list[tuple[UploadRow, str]],
        options: ConversionOptions,
        plan: FlowPlan | None = None,
        purpose: VersionPurpose = "tables",
    ) -> VersionView:
        files = FileRepository(unit)
        hashes = sorted({row.sha256 for row, _ in uploads})
        blobs = {sha256: files.lock_blob(sha256, tenant=tenant) for sha256 in hashes}
        received = []
        for row, path in uploads:
            blob = blobs[row.sha256]
            if blob is None:
                raise ObjectMissingError(f"The content of upload {row.id} is gone; send it again.")
            received.append(
                ReceivedFile(
                    path=path, sha256=row.sha256, bytes=row.bytes, object_key=blob.object_key
                )
            )
            row.state = UploadState.LANDED
        return self._versions.land(
            unit,
            tenant=tenant,
            dataset=dataset,
            files=received,
            options=options,
            plan=plan,
            purpose=purpose,
        )

    def _refuse_size(self, size: int) -> None:
        limit = self._settings.upload_limit_bytes
        if size > limit:
            raise UploadTooLargeError(
                f"The file is larger than {limit} bytes. Nothing was kept. Split it, or ask "
                "whoever runs this fleet to raise FLEET_UPLOAD_LIMIT_BYTES.",
                limit=limit,
            )

    def _settle(self, upload: UploadRow, *, duplicate: bool) -> None:
        """After the commit: the object of content that was there already goes."""
        crash_point("ingest.upload.committed")
        if not duplicate:
            return
        try:
            self._runtime.store.delete(upload.object_key)
        except FleetError as error:
            # The upload is received and must be answered so; the sweep finds the object.
            logger.warning(
                "a duplicate object is left to the sweep",
                extra={"upload_id": upload.id, "reason": error.detail},
            )
        crash_point("ingest.upload.duplicate_dropped")


async def _batched(chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """The same bytes in larger pieces, or in what came within a second from a slow client."""
    waiting: list[bytes] = []
    size, since = 0, time.monotonic()
    async for chunk in chunks:
        waiting.append(chunk)
        size += len(chunk)
        if size >= BATCH_BYTES or time.monotonic() - since > 1.0:
            yield b"".join(waiting)
            waiting, size, since = [], 0, time.monotonic()
    if size:
        yield b"".join(waiting)


def _blob_of(row: UploadRow) -> BlobRow:
    return BlobRow(
        tenant=row.tenant,
        sha256=row.sha256,
        object_key=row.object_key,
        bytes=row.bytes,
        created_at=utc_now(),
    )


def _expired(upload: UploadRow) -> UploadExpiredError:
    return UploadExpiredError(
        f"Nothing came for upload {upload.id} for so long that it was dropped. Send it again."
    )


def view_upload(row: UploadRow, *, version: VersionView | None = None) -> UploadView:
    """The upload as the API answers it."""
    return UploadView(
        id=row.id,
        state=UploadState(row.state),
        path=row.path,
        bytes=row.bytes,
        sha256=row.sha256,
        deduplicated=row.deduplicated,
        created_at=row.created_at,
        version=version,
    )
