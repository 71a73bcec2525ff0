"""The sketches of all records of a base, so kept that those which share a band are soon found."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from svc_knowledgebase.building.duplicates import BAND, PERMUTATIONS

WIDTH = 4 * BAND
"""Bytes of a band."""
BANDS = PERMUTATIONS // BAND
_ID = 16
_NONE = bytes(_ID)
_WIDTHS = (_ID, _ID, *[WIDTH] * BANDS)
_PREFIX = "kr_"


@dataclass(frozen=True, slots=True)
class Sketch:
    """A record that has a sketch.

    Attributes:
        record: its id.
        raw: its MinHash.
        original: id of the earlier record that it repeats.
    """

    record: str
    raw: bytes
    original: str | None

    def bands(self) -> Iterator[tuple[int, bytes]]:
        """Its bands by their place."""
        for place in range(BANDS):
            yield place, self.raw[place * WIDTH : (place + 1) * WIDTH]


@dataclass
class SketchTable:
    """Sketches in the order of their records, each band in a column of its own.

    Attributes:
        columns: ids, originals, and the bands; so a band is found by one search of bytes.
    """

    columns: list[bytearray] = field(default_factory=lambda: [bytearray() for _ in _WIDTHS])

    def __len__(self) -> int:
        return len(self.columns[0]) // _ID

    def __getitem__(self, row: int) -> Sketch:
        record, original, *bands = (
            bytes(column[row * width : (row + 1) * width])
            for column, width in zip(self.columns, _WIDTHS, strict=True)
        )
        return Sketch(
            record=_shown(record),
            raw=b"".join(bands),
            original=None if original == _NONE else _shown(original),
        )

    def append(self, sketch: Sketch) -> None:
        """One more."""
        original = _packed(sketch.original) if sketch.original else _NONE
        bands = (band for _, band in sketch.bands())
        for place, cell in enumerate((_packed(sketch.record), original, *bands)):
            self.columns[place] += cell

    def extend(self, other: "SketchTable", rows: range) -> None:
        """Some of another table."""
        for place, width in enumerate(_WIDTHS):
            self.columns[place] += other.columns[place][rows.start * width : rows.stop * width]

    def with_band(self, place: int, band: bytes) -> Iterator[int]:
        """Rows that have this band there, in order."""
        column, found = self.columns[2 + place], -1
        while (found := column.find(band, found + 1)) >= 0:
            if found % WIDTH == 0:
                yield found // WIDTH

    def to_bytes(self) -> bytes:
        """As it is stored."""
        return b"".join(self.columns)

    @classmethod
    def from_bytes(cls, stored: bytes) -> "SketchTable":
        """What `to_bytes` gave.

        Raises:
            ValueError: it is cut off.
        """
        count, rest = divmod(len(stored), sum(_WIDTHS))
        if rest:
            raise ValueError("The sketches are cut off.")
        columns, start = list[bytearray](), 0
        for width in _WIDTHS:
            columns.append(bytearray(stored[start : start + count * width]))
            start += count * width
        return cls(columns)


def _packed(record: str) -> bytes:
    return bytes.fromhex(record.removeprefix(_PREFIX))


def _shown(packed: bytes) -> str:
    return _PREFIX + packed.hex()
