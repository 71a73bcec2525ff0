"""Bytes from the fleet into files: resumed when the connection breaks, checked, then renamed.

What has come is kept beside the target as `.NAME.SHA256.part`; the next download of the same
content goes on from there, also in another process.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from datafleet.errors import FleetApiError, TransferDamagedError, UnreachableError
from datafleet.transport import Transport

CHUNK_BYTES = 256 * 1024
_SHA256 = re.compile(r"sha-256=:([A-Za-z0-9+/=]+):")

Progress = Callable[[int, int | None], None]
"""Called with the bytes that are here and how many there will be, None when nobody knows."""


@dataclass(frozen=True)
class Download:
    """A file that has come whole."""

    path: Path
    bytes: int
    sha256: str


def download(
    transport: Transport,
    address: str,
    *,
    to: Path,
    params: Mapping[str, str | int | None] | None = None,
    progress: Progress | None = None,
) -> Download:
    """Download to the file `to`, which is replaced at once when all is here and proved.

    Raises:
        FleetApiError: the fleet answered with a problem.
        TransferDamagedError: the bytes do not have the digest that the fleet gave.
        UnreachableError: nobody answers, or the connection broke too often.
        OSError: the file cannot be written.
    """
    given = {name: value for name, value in (params or {}).items() if value is not None}
    attempt = 1
    while True:
        part = _find_part(to)
        before = part.path.stat().st_size if part else 0
        try:
            return _Attempt(to, part=part, progress=progress).run(transport, address, params=given)
        except (FleetApiError, UnreachableError) as error:
            part = _find_part(to)
            if part is not None and part.path.stat().st_size > before:
                attempt = 1
            if not transport.may_try_again(error, attempt=attempt):
                raise
            attempt += 1


@dataclass(frozen=True)
class _Part:
    """What has come of a content before."""

    path: Path
    sha256: str


def _find_part(to: Path) -> _Part | None:
    for path in to.parent.glob(f".{_glob_escape(to.name)}.*.part"):
        sha256 = path.name.split(".")[-2]
        if re.fullmatch(r"[0-9a-f]{64}", sha256):
            return _Part(path, sha256)
    return None


def _glob_escape(name: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", name)


class _Attempt:
    """One request for what is missing."""

    def __init__(self, to: Path, *, part: _Part | None, progress: Progress | None) -> None:
        self._to = to
        self._part = part
        self._progress = progress

    def run(self, transport: Transport, address: str, *, params: dict[str, str | int]) -> Download:
        # Ranges count bytes of the file; an encoded answer would have others.
        headers = {"Accept-Encoding": "identity"}
        start = self._part.path.stat().st_size if self._part else 0
        if self._part is not None and start:
            headers |= {"Range": f"bytes={start}-", "If-Range": f'"{self._part.sha256}"'}
        try:
            with transport.open("GET", address, headers=headers, params=params) as response:
                return self._receive(response)
        except FleetApiError as error:
            # The part is as long as the file, or longer: it was never renamed, or is of another.
            if error.status == 416 and self._part is not None:
                self._part.path.unlink()
                return _Attempt(self._to, part=None, progress=self._progress).run(
                    transport, address, params=params
                )
            raise

    def _receive(self, response: httpx.Response) -> Download:
        sha256 = _announced(response.headers)
        if sha256 is None:
            raise TransferDamagedError(
                f"{self._to.name}: the answer carries no digest, so its bytes cannot be proved. "
                "Something between here and the fleet takes `Repr-Digest` away."
            )
        start, total = _extent(response)
        resumed = self._part is not None and start > 0
        if self._part is not None and not resumed:
            # Another content has taken the place of the one that was begun.
            self._part.path.unlink()
        path = self._to.with_name(f".{self._to.name}.{sha256}.part")
        digest = hashlib.sha256()
        if resumed:
            with path.open("rb") as before:
                while chunk := before.read(CHUNK_BYTES):
                    digest.update(chunk)
            if start != path.stat().st_size:
                path.unlink()
                raise UnreachableError("The fleet answered with another part than was asked for.")
        received = self._write(response, path, digest=digest, start=start, total=total)
        if total is not None and received != total:
            raise UnreachableError(f"The connection broke after {received} of {total} bytes.")
        if digest.hexdigest() != sha256:
            path.unlink()
            raise TransferDamagedError(
                f"{self._to.name}: the fleet announced SHA-256 {sha256} and "
                f"{digest.hexdigest()} came. Nothing was kept; download it again."
            )
        path.replace(self._to)
        return Download(path=self._to, bytes=received, sha256=digest.hexdigest())

    def _write(
        self,
        response: httpx.Response,
        path: Path,
        *,
        digest: "hashlib._Hash",
        start: int,
        total: int | None,
    ) -> int:
        received = start
        try:
            with path.open("ab" if start else "wb") as file:
                for chunk in response.iter_raw():
                    file.write(chunk)
                    digest.update(chunk)
                    received += len(chunk)
                    if self._progress is not None:
                        self._progress(received, total)
        except httpx.HTTPError as error:
            whole = "" if total is None else f" of {total}"
            raise UnreachableError(
                f"The connection broke after {received}{whole} bytes."
            ) from error
        return received


def _announced(headers: httpx.Headers) -> str | None:
    found = _SHA256.search(headers.get("Repr-Digest", ""))
    return base64.b64decode(found.group(1)).hex() if found else None


def _extent(response: httpx.Response) -> tuple[int, int | None]:
    """Where the answer's bytes begin in the file, and how long the file is."""
    if response.status_code == 206:
        found = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", ""))
        if found is None:
            raise UnreachableError("The fleet answered with a part and did not say which.")
        return int(found.group(1)), int(found.group(2))
    length = response.headers.get("Content-Length")
    return 0, int(length) if length is not None else None
