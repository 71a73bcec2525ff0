"""Files to the fleet: streamed, hashed on the way, sent again when the connection breaks."""

import hashlib
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from datafleet.errors import FleetApiError, TransferDamagedError, UnreachableError
from datafleet.transport import Transport, new_key, read_model
from shared_lib.contracts.catalog import UploadView
from shared_lib.contracts.conversions import ConversionOptions

CHUNK_BYTES = 256 * 1024
ANSWER_S = 300.0
"""The fleet makes the file durable before it answers, which takes a while for a large one."""

Progress = Callable[[int], None]
"""Called with the bytes sent so far; less than before when the file is sent again."""

Source = Path | str | bytes | BinaryIO
"""A file's path, its content, or an open file, which is read from where it stands."""


class Uploads:
    """`/v1/uploads`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def put(
        self,
        source: Source,
        *,
        path: str | None = None,
        dataset: str | None = None,
        options: ConversionOptions | None = None,
        progress: Progress | None = None,
    ) -> UploadView:
        """Send a file; with `dataset` it lands as the next version and its flow begins.

        Args:
            path: what the file is called in its version; the name of the file when left out.
            dataset: a name or id; made when there is none of that name.
            options: what the conversion cannot tell from the file.

        Raises:
            FleetApiError: the fleet refuses the file, and says why.
            TransferDamagedError: the file changed meanwhile, or other bytes arrived.
            UnreachableError: nobody answers, or the connection broke too often.
        """
        name = path or _name_of(source)
        params: dict[str, str] = {"dataset": dataset} if dataset else {}
        if dataset and options is not None:
            params["options"] = options.model_dump_json(by_alias=True, exclude_unset=True)
        key = new_key()
        with _opened(source) as file:
            attempt = 1
            while True:
                body = _Body(file, progress=progress)
                try:
                    return self._put_once(name, body, params=params, key=key)
                except (FleetApiError, UnreachableError) as error:
                    again = body.rewind() and self._transport.may_try_again(error, attempt=attempt)
                    if not again:
                        raise
                    attempt += 1

    def read(self, upload_id: str) -> UploadView:
        """An upload."""
        return self._transport.get(f"/v1/uploads/{quote(upload_id, safe='')}", answers=UploadView)

    def _put_once(
        self, name: str, body: "_Body", *, params: dict[str, str], key: str
    ) -> UploadView:
        headers = {"Idempotency-Key": key, "Content-Type": "application/octet-stream"}
        if body.size is not None:
            headers["Content-Length"] = str(body.size)
        answer = self._transport.send_once(
            "PUT",
            f"/v1/uploads/{quote(name, safe='/')}",
            params=params,
            content=iter(body),
            headers=headers,
            timeout=self._transport.patient(ANSWER_S),
        )
        upload = read_model(answer, UploadView)
        if (upload.sha256, upload.bytes) != (body.sha256, body.sent):
            raise TransferDamagedError(
                f"{name}: {body.sent} bytes with SHA-256 {body.sha256} were sent, and "
                f"{upload.bytes} with {upload.sha256} arrived (upload {upload.id}). Send it again."
            )
        return upload


class _Body:
    """A file as the pieces of a body; knows afterwards what was sent."""

    def __init__(self, file: BinaryIO, *, progress: Progress | None) -> None:
        self._file = file
        self._progress = progress
        self._start = file.tell() if file.seekable() else None
        self._hash = hashlib.sha256()
        self.sent = 0
        self.size = _rest_of(file) if self._start is not None else None

    @property
    def sha256(self) -> str:
        """Of what was sent, in hex."""
        return self._hash.hexdigest()

    def rewind(self) -> bool:
        """Go back to the start; False when the source can be read only once."""
        if self._start is None:
            return False
        self._file.seek(self._start)
        return True

    def __iter__(self) -> Iterator[bytes]:
        while self.size is None or self.sent < self.size:
            wanted = CHUNK_BYTES if self.size is None else min(CHUNK_BYTES, self.size - self.sent)
            chunk = self._file.read(wanted)
            if not chunk:
                break
            self._hash.update(chunk)
            self.sent += len(chunk)
            yield chunk
            if self._progress is not None:
                self._progress(self.sent)
        if self.size is not None and self.sent < self.size:
            raise TransferDamagedError(
                f"The file became shorter while it was sent: {self.sent} of {self.size} bytes."
            )


@contextmanager
def _opened(source: Source) -> Iterator[BinaryIO]:
    if isinstance(source, bytes):
        yield io.BytesIO(source)
    elif isinstance(source, Path | str):
        with Path(source).open("rb") as file:
            yield file
    else:
        yield source


def _name_of(source: Source) -> str:
    name = source if isinstance(source, Path | str) else getattr(source, "name", None)
    if not isinstance(name, Path | str):
        raise TypeError("Say with `path` what the file is called: the source has no name.")
    return Path(name).name


def _rest_of(file: BinaryIO) -> int:
    here = file.tell()
    end = file.seek(0, os.SEEK_END)
    file.seek(here)
    return end - here
