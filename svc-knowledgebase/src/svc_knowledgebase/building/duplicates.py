"""Records that say nearly the same: MinHash (Broder 1997) over words, banded (LSH)."""

import base64
import re
import sys
from array import array
from collections import defaultdict

from svc_knowledgebase.documents.releases import release

PERMUTATIONS = 64
BAND = 4
SIMILAR = 0.85
"""Estimated Jaccard similarity of word triples from which a record is a near duplicate."""

FEWEST_WORDS = 20
_WORD = re.compile(r"\w+")


def signature(text: str) -> str | None:
    """A text's MinHash in base64; None for a text that is too short to tell."""
    import rensa  # noqa: PLC0415 - loaded by children that parse, and by nobody else

    words = _WORD.findall(text.lower())
    if len(words) < FEWEST_WORDS:
        return None
    triples = {" ".join(words[place : place + 3]) for place in range(len(words) - 2)}
    sketch = rensa.RMinHash(num_perm=PERMUTATIONS, seed=1)
    sketch.update(sorted(triples))
    values = array("I", sketch.digest())
    if sys.byteorder == "big":
        values.byteswap()
    return base64.b64encode(values.tobytes()).decode()


def unpacked(sketch: str) -> bytes:
    """A signature's values, four bytes each, the lowest first."""
    return base64.b64decode(sketch)


def engine() -> str:
    """Which release makes the signatures."""
    return f"rensa/{release('rensa')}"


class NearDuplicates:
    """Finds for each text the first one before it that is nearly the same."""

    def __init__(self) -> None:
        self._bands: dict[tuple[int, bytes], list[int]] = defaultdict(list)
        self._kept: list[tuple[str, array[int]]] = []

    def original_of(self, record_id: str, sketch: str | None) -> str | None:
        """The id of the earlier record that this one repeats; None when it is the first."""
        return None if sketch is None else self.original_of_raw(record_id, unpacked(sketch))

    def original_of_raw(self, record_id: str, raw: bytes) -> str | None:
        """The same of a sketch as `unpacked` gives it."""
        values = array("I", raw)
        width = BAND * values.itemsize
        bands = [(place, raw[place : place + width]) for place in range(0, len(raw), width)]
        seen: set[int] = set()
        for band in bands:
            for index in self._bands.get(band, ()):
                if index not in seen:
                    seen.add(index)
                    original, other = self._kept[index]
                    if _similarity(values, other) >= SIMILAR:
                        return original
        self._kept.append((record_id, values))
        for band in bands:
            self._bands[band].append(len(self._kept) - 1)
        return None


def _similarity(one: "array[int]", other: "array[int]") -> float:
    return sum(a == b for a, b in zip(one, other, strict=True)) / len(one)
