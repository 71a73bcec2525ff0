"""JSON lines in a file that is rotated by its size."""

from pathlib import Path
from typing import BinaryIO


class RotatingLines:
    """Appends lines to `path`; full files become `path.1`, `path.2` and so on, newest first.

    Args:
        file_bytes: the size after which a new file is begun.
        files: how many full files are kept.
    """

    def __init__(self, path: Path, *, file_bytes: int, files: int) -> None:
        self._path = path
        self._file_bytes = file_bytes
        self._files = files
        self._file: BinaryIO | None = None

    def write(self, lines: bytes) -> None:
        """Append whole lines."""
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("ab")
        self._file.write(lines)
        self._file.flush()
        if self._file.tell() >= self._file_bytes:
            self._rotate()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _rotate(self) -> None:
        self.close()
        self._numbered(self._files).unlink(missing_ok=True)
        for number in range(self._files - 1, 0, -1):
            if self._numbered(number).exists():
                self._numbered(number).rename(self._numbered(number + 1))
        self._path.rename(self._numbered(1))

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")
