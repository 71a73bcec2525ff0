"""What documents gave, in objects of a batch each, found by rows."""

from shared_lib.contracts.errors import InternalError
from shared_lib.db.engine import ReadView
from shared_lib.faults import crash_point
from shared_lib.jobs import JobContext
from shared_lib.jobs.errors import LeaseLostError
from shared_lib.jobs.repository import JobRepository
from shared_lib.storage.keys import knowledge_key
from svc_knowledgebase.building.parsed import ParsedStore
from svc_knowledgebase.builds.repository import ParsedRepository


class ParsedMissingError(InternalError):
    """What a document gave was let go of meanwhile; the next try parses it again."""

    code = "parsed_missing"
    title = "A parsed document is gone"


class ShardStore(ParsedStore):
    """Keeps what the documents of one base gave, for this build and the ones after it."""

    def __init__(self, context: JobContext, *, base_id: str) -> None:
        self._context = context
        self._database = context.runtime.database
        self._base_id = base_id
        self._batches = 0

    def missing(self, keys: list[str]) -> set[str]:
        """Which of these are not there."""
        with self._database.read() as view:
            return set(keys) - self._parsed(view).known(keys)

    def commit(self, batch: dict[str, bytes]) -> None:
        """Put the batch as one object, then name it under the fence.

        Raises:
            LeaseLostError: another worker has the job; the object is swept.
        """
        job = self._context.job
        name = f"batch-{self._batches:05}.json"
        key = knowledge_key(job.tenant, self._base_id, job.writer, name)
        self._batches += 1
        stored = self._context.runtime.store.put(key, batch.values())
        crash_point("knowledgebase.batch.object_put")
        spans, start = {}, 0
        for each, given in batch.items():
            spans[each] = (start, start + len(given))
            start += len(given)
        with self._database.write() as unit:
            if JobRepository(unit).change(job.id, fence=job.fence) is None:
                raise LeaseLostError(f"Try {job.fence} of {job.id} is not the present one.")
            self._parsed(unit).add(stored.key, spans)
        crash_point("knowledgebase.batch.committed")

    def read(self, key: str) -> bytes:
        """What was kept.

        Raises:
            ParsedMissingError: another build has let go of it.
        """
        with self._database.read() as view:
            place = self._parsed(view).place(key)
            if place is None:
                raise ParsedMissingError("Another build of the base has let go of a document.")
            object_key, start, end = place.object_key, place.start, place.end
        return b"".join(self._context.runtime.store.open(object_key, start=start, end=end))

    def _parsed(self, view: ReadView) -> ParsedRepository:
        return ParsedRepository(view, base_id=self._base_id)
