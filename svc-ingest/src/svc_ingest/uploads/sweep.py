"""What nobody finished: uploads that stopped, uploads that never landed, objects without a row."""

import logging
import time
from datetime import timedelta

from shared_lib.contracts.base import utc_now
from shared_lib.contracts.catalog import UploadState
from shared_lib.db.engine import ReadView, WriteUnit
from shared_lib.faults import crash_point
from shared_lib.jobs.runtime import Runtime
from svc_ingest.files.repository import FileRepository
from svc_ingest.settings import IngestSettings
from svc_ingest.uploads.repository import UploadRepository

logger = logging.getLogger(__name__)

BATCH = 500
PREFIX = "raw/"
PARTIALS_LIFE_S = 3600.0


class UploadSweep:
    """Run by the supervisor; each part decides when it is due."""

    def __init__(self) -> None:
        self._next = 0.0

    def __call__(self, runtime: Runtime) -> None:
        """Drop stalled uploads now, search the store for objects without a row when it is due."""
        settings = runtime.settings
        if not isinstance(settings, IngestSettings):
            return
        _drop_stalled(runtime)
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + settings.object_sweep_s
            _drop_unlanded(runtime, older_than_s=settings.unlanded_upload_s)
            _drop_nameless(runtime)
            life_s = max(PARTIALS_LIFE_S, 4 * settings.upload_lease_s)
            runtime.store.discard_partials(older_than_s=life_s)


def _drop_stalled(runtime: Runtime) -> None:
    with runtime.database.read() as view:
        expired = [(r.id, r.object_key) for r in UploadRepository(view).expired(limit=BATCH)]
    for upload_id, object_key in expired:
        with runtime.database.write() as unit:
            aborted = UploadRepository(unit).abort(upload_id, since=UploadState.RECEIVING)
        crash_point("ingest.sweep.upload_aborted")
        if aborted:
            logger.info("an upload stopped and was dropped", extra={"upload_id": upload_id})
            runtime.store.delete(object_key)


def _drop_unlanded(runtime: Runtime, *, older_than_s: float) -> None:
    before = utc_now() - timedelta(seconds=older_than_s)
    with runtime.database.read() as view:
        waiting = UploadRepository(view).unlanded(before=before, limit=BATCH)
    for upload_id in waiting:
        with runtime.database.write() as unit:
            _forget(unit, upload_id)


def _forget(unit: WriteUnit, upload_id: str) -> None:
    """Abort a received upload; its content goes too when nobody else names it.

    Held in the order in which a landing holds them, upload before content: whoever lands the
    upload, or receives the same content, at this moment comes wholly before or wholly after.
    """
    uploads, files = UploadRepository(unit), FileRepository(unit)
    row = uploads.lock_received(upload_id)
    if row is None:
        return
    blob = files.lock_blob(row.sha256, tenant=row.tenant)
    if blob is not None and not uploads.content_is_used(row):
        # The object is nameless from here on: the search finds it.
        unit.session.delete(blob)
    uploads.abort(row.id, since=UploadState.RECEIVED)
    logger.info("an upload never landed and was dropped", extra={"upload_id": row.id})


def _drop_nameless(runtime: Runtime) -> None:
    batch: dict[str, float] = {}
    for found in runtime.store.list(PREFIX):
        batch[found.key] = (utc_now() - found.modified_at).total_seconds()
        if len(batch) >= BATCH:
            _drop_nameless_of(runtime, batch)
            batch = {}
    _drop_nameless_of(runtime, batch)


def _drop_nameless_of(runtime: Runtime, batch: dict[str, float]) -> None:
    if not batch:
        return
    with runtime.database.read() as view:
        # In this order: an object that is named while we look was being written before, so a
        # key that is neither now nor will be can only be nameless.
        settled = [
            key for key, age_s in batch.items() if not _is_being_written(view, key, age_s, runtime)
        ]
        named = FileRepository(view).named(settled)
        orphans = [key for key in settled if key not in named]
    for key in orphans:
        logger.info("deleting an object that nobody names", extra={"key": key})
        runtime.store.delete(key)


def _is_being_written(view: ReadView, key: str, age_s: float, runtime: Runtime) -> bool:
    upload = UploadRepository(view).get(key.rpartition("/")[2])
    if upload is None:
        return age_s < runtime.settings.jobs.nameless_object_age_s
    return upload.state == UploadState.RECEIVING
