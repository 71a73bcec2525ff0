"""What a conversion would decide, asked of a process of its own; the API parses nothing."""

import tempfile
import threading
from pathlib import Path, PurePosixPath

from shared_lib.contracts.errors import UnavailableError
from shared_lib.contracts.tables import ConversionCreate, ConversionPreview
from shared_lib.jobs import Runtime
from svc_parquet.conversions.models import SourceFileRow
from svc_parquet.conversions.readers.reader_process import ReaderProcess
from svc_parquet.conversions.repository import SourceFileRepository
from svc_parquet.conversions.requests import FileNotKnownError

READ_BYTES = 8 * 1024 * 1024
"""Of a longer file so much is looked at; of that, as text, the first megabyte."""
_SECONDS = 30.0
_MEMORY_BYTES = 4 * 1024**3
_AT_ONCE = 2
_PATIENCE_S = 20.0


class Previews:
    """Previews of conversions of landed files; at most two at a time."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._free = threading.Semaphore(_AT_ONCE)

    def preview(self, *, tenant: str, body: ConversionCreate) -> ConversionPreview:
        """What the conversion of a landed file would decide.

        Raises:
            FileNotKnownError: no such file in this tenant.
            UnavailableError: others are asking, and go on doing so.
            SourceTooLargeError: it took more time or memory than a preview may.
        """
        with self._runtime.database.read() as view:
            source = SourceFileRepository(view).find(body.file_id, tenant=tenant)
        if source is None:
            raise FileNotKnownError(
                f"There is no landed file {body.file_id}. `fleet dataset show NAME` lists files.",
                field="file_id",
            )
        if not self._free.acquire(timeout=_PATIENCE_S):
            raise UnavailableError("Too many previews are asked for at once. Try again.")
        try:
            with tempfile.TemporaryDirectory(prefix="fleet-preview-") as folder:
                return self._decide(source, Path(folder), body=body)
        finally:
            self._free.release()

    def _decide(
        self, source: SourceFileRow, folder: Path, *, body: ConversionCreate
    ) -> ConversionPreview:
        head = folder / PurePosixPath(source.path).name
        with head.open("wb") as file:
            for block in self._runtime.store.open(
                source.object_key, end=min(READ_BYTES, source.bytes)
            ):
                file.write(block)
        with ReaderProcess(memory_bytes=_MEMORY_BYTES, seconds=_SECONDS) as reader:
            decided = reader.ask(
                "preview.decide",
                name=head.name,
                path=str(head),
                whole=source.bytes <= READ_BYTES,
                options=body.options.model_dump(mode="json", by_alias=True, exclude_unset=True),
                folder=str(folder / "work"),
            )
        return ConversionPreview.model_validate(decided)
