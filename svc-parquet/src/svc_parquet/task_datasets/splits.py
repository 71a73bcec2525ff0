"""Which rows are learned from and which are judged by: exact shares, by hashes and not by chance.

Every unit (rows that stay together) has a number between 0 and 1 from its texts and the seed. The
rows of a class are ordered by it and cut at the shares, so that the same rows give the same splits
in any order, and more rows move the cuts but little.
"""

import hashlib
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Places = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]


def draw(texts: Sequence[str], *, seed: int) -> Numbers:
    """A number in [0, 1) for each text, the same for the same text and seed on every machine."""
    key = seed.to_bytes(8, "little")
    digests = (
        hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8, key=key).digest()
        for text in texts
    )
    words = np.frombuffer(b"".join(digests), dtype="<u8")
    return np.asarray((words >> np.uint64(11)) * 2.0**-53, dtype=np.float64)


def assign(labels: Places, *, units: Places, drawn: Numbers, shares: Sequence[float]) -> Places:
    """The split of each row.

    A unit goes into one split. Those of several rows are placed first, each where its classes are
    missed most and it still fits; single rows then fill every class of every split up to its share,
    to the row as far as the larger units allow.

    Args:
        labels: class of each row, from 0; all 0 to ignore classes.
        units: of each row, the place of the unit's first row.
        drawn: from `draw`, one a row.
        shares: of each split; together 1.
    """
    classes = int(labels.max()) + 1 if len(labels) else 0
    wanted = np.stack(
        [quotas(int(total), shares) for total in np.bincount(labels, minlength=classes)]
        or [np.zeros(len(shares), dtype=np.int64)]
    )
    missing = wanted.copy()
    split = np.full(len(labels), -1, dtype=np.int64)
    _, unit, sizes = np.unique(units, return_inverse=True, return_counts=True)
    large = sizes[unit] > 1
    _place_large(split, missing, labels=labels, unit=unit, rows=large, drawn=drawn, wanted=wanted)
    for label in range(classes):
        rows = np.flatnonzero(~large & (labels == label))
        order = rows[np.argsort(drawn[rows], kind="stable")]
        counts = quotas(len(order), _rest(missing[label], shares))
        # The last split takes the lowest numbers: it stays what it was when rows are added.
        split[order] = np.repeat(np.arange(len(shares))[::-1], counts[::-1])
    return split


def quotas(total: int, shares: Sequence[float]) -> Places:
    """Whole numbers with the sum `total`, as near to the shares as can be (largest remainders)."""
    exact = np.asarray(shares, dtype=np.float64) * total / sum(shares)
    # A share of a tenth of thirty must be three, not two and a remainder of rounding.
    whole = np.floor(exact + 1e-9).astype(np.int64)
    rest = exact - whole
    for place in np.argsort(-rest, kind="stable")[: total - int(whole.sum())]:
        whole[place] += 1
    return whole


def _rest(missing: Places, shares: Sequence[float]) -> Sequence[float]:
    """What the splits still miss of a class, as shares; the asked ones when they miss nothing."""
    left = np.maximum(missing, 0)
    return list(left.astype(float)) if left.sum() else shares


def _place_large(
    split: Places,
    missing: Places,
    *,
    labels: Places,
    unit: Places,
    rows: npt.NDArray[np.bool_],
    drawn: Numbers,
    wanted: Places,
) -> None:
    """Place the units of several rows, in the order of their numbers; changes the first two."""
    places = np.flatnonzero(rows)
    order = places[np.argsort(unit[places], kind="stable")]
    bounds = np.flatnonzero(np.diff(unit[order], prepend=-1, append=-1))
    members = [order[a:b] for a, b in pairwise(bounds) if b > a]
    members.sort(key=lambda inside: float(drawn[inside].min()))
    target = np.maximum(wanted, 1)
    for inside in members:
        of_class, counts = np.unique(labels[inside], return_counts=True)
        room = missing.sum(axis=0)
        fits = room >= len(inside)
        need = (counts[:, None] * missing[of_class] / target[of_class]).sum(axis=0)
        best = np.where(fits, need, -np.inf) if fits.any() else room.astype(float)
        chosen = int(np.argmax(best))
        split[inside] = chosen
        missing[of_class, chosen] -= counts
