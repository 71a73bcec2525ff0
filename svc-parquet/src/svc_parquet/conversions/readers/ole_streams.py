"""Reads one stream of an OLE compound file, the container of .xls (MS-CFB)."""

import struct
from itertools import islice
from pathlib import Path

_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_END = 0xFFFFFFFA
"""Sector numbers from here on mean something else than a sector."""
_HEADER_FATS = 109
_ENTRY = 128
_STREAM, _ROOT = 2, 5


class NoOleError(ValueError):
    """The file is no compound file, or a torn one."""


def read_stream(path: Path, *, names: tuple[str, ...]) -> bytes:
    """The bytes of the first stream that has one of these names.

    Raises:
        NoOleError: the file is none, or has no such stream.
    """
    data = path.read_bytes()
    if data[:8] != _MAGIC:
        raise NoOleError("it is no compound file")
    try:
        return _Container(data).stream(names)
    except (struct.error, IndexError) as error:
        raise NoOleError("the container's tables are damaged") from error


class _Container:
    def __init__(self, data: bytes) -> None:
        self._data = data
        sector, mini = struct.unpack_from("<2H", data, 30)
        self._size, self._mini_size = 1 << min(sector, 16), 1 << min(mini, 16)
        first_directory, self._cutoff = (struct.unpack_from("<I", data, at)[0] for at in (48, 56))
        first_mini, _, next_difat = struct.unpack_from("<3I", data, 60)
        fats = list(struct.unpack_from(f"<{_HEADER_FATS}I", data, 76))
        entries = self._size // 4
        while next_difat < _END and len(fats) * self._size <= len(data) + _HEADER_FATS * self._size:
            more = struct.unpack(f"<{entries}I", self._sector(next_difat))
            fats += more[:-1]
            next_difat = more[-1]
        self._next: list[int] = []
        for fat in fats:
            if fat < _END:
                self._next += struct.unpack(f"<{entries}I", self._sector(fat))
        self._directory = self._chain(first_directory)
        mini_table = self._chain(first_mini) if first_mini < _END else b""
        self._next_mini = struct.unpack(f"<{len(mini_table) // 4}I", mini_table)

    def _sector(self, number: int) -> bytes:
        start = (number + 1) * self._size
        return self._data[start : start + self._size].ljust(self._size, b"\0")

    def _chain(self, first: int) -> bytes:
        sectors: list[bytes] = []
        most = len(self._data) // self._size + 1
        while first < _END and len(sectors) < most:
            sectors.append(self._sector(first))
            first = self._next[first]
        return b"".join(sectors)

    def stream(self, names: tuple[str, ...]) -> bytes:
        """One stream, whole."""
        mini_stream = b""
        found: tuple[int, int] | None = None
        for at in range(0, len(self._directory) - _ENTRY + 1, _ENTRY):
            length, kind = struct.unpack_from("<HB", self._directory, at + 64)
            first, size = struct.unpack_from("<2I", self._directory, at + 116)
            name = self._directory[at : at + max(length - 2, 0)].decode("utf-16-le", "replace")
            if kind == _ROOT:
                mini_stream = self._chain(first)
            elif kind == _STREAM and name in names and found is None:
                found = first, size
        if found is None:
            raise NoOleError(f"it has no stream {' or '.join(names)}")
        first, size = found
        if size >= self._cutoff:
            return self._chain(first)[:size]
        return self._mini_chain(first, mini_stream)[:size]

    def _mini_chain(self, first: int, mini_stream: bytes) -> bytes:
        pieces: list[bytes] = []
        for _ in islice(iter(int, 1), len(self._next_mini) + 1):
            if first >= _END:
                break
            pieces.append(mini_stream[first * self._mini_size : (first + 1) * self._mini_size])
            first = self._next_mini[first]
        return b"".join(pieces)
