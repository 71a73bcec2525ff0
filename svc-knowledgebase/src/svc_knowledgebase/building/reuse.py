"""What of the build before can be taken over as it is, byte for byte.

A document contributes the same lines again when its path and what it gave are the same, and when
its records repeat the same earlier ones. The latter can change only for records that share a band
of their sketches with one that came or went, directly or by others between them: these few are
compared anew, in the order of the base, exactly as a whole build compares all.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import orjson

from shared_lib.contracts.knowledge import FileFate, KnowledgeRecord, Manifest
from svc_knowledgebase.building.duplicates import NearDuplicates
from svc_knowledgebase.building.sketches import Sketch, SketchTable

ASSEMBLY = "assembly.bin"
LAYOUT = 1
"""Raise it when a record or a row of the index is written in another way: all are written anew."""
FEW = 1000
"""So many records are compared anew whatever the share; beyond a quarter, all are."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """What a document put into a base.

    Attributes:
        key: of what it gave.
        start: of its lines in `records.jsonl`, in bytes.
        end: of its lines, with the last line's end.
        sketches: of its records that have one.
    """

    key: str
    start: int
    end: int
    records: int
    near_duplicates: int
    tokens: int
    sketches: int


@dataclass
class Before:
    """The build before: its lines, and by path what each document put into it."""

    records: Path
    source: str
    fates: dict[str, FileFate]
    documents: dict[str, Contribution]
    table: SketchTable
    first_sketch: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        place = 0
        for path, each in self.documents.items():
            self.first_sketch[path] = place
            place += each.sketches

    @classmethod
    def load(cls, assembly: Path, *, records: Path, manifest: Manifest) -> Self | None:
        """None when something of it is missing, or is not what the manifest says."""
        with suppress(OSError, ValueError, TypeError, KeyError):
            head, _, rest = assembly.read_bytes().partition(b"\n")
            stored = orjson.loads(head)
            with records.open("rb") as opened:
                digest = hashlib.file_digest(opened, "sha256").hexdigest()
            same = manifest.records_sha256 == digest == stored["records_sha256"]
            if not same or stored["layout"] != _layout():
                return None
            return cls(
                records=records,
                source=manifest.source,
                fates={each.path: each for each in manifest.files},
                documents={path: Contribution(*each) for path, each in stored["documents"].items()},
                table=SketchTable.from_bytes(rest),
            )
        return None

    def sketches(self, path: str) -> range:
        """Rows of a document's sketches."""
        start = self.first_sketch[path]
        return range(start, start + self.documents[path].sketches)


def _layout() -> list[object]:
    return [LAYOUT, *KnowledgeRecord.model_fields]


def stored_assembly(
    documents: dict[str, Contribution], table: SketchTable, *, records_sha256: str
) -> bytes:
    """What `Before.load` reads."""
    rows = {
        path: (c.key, c.start, c.end, c.records, c.near_duplicates, c.tokens, c.sketches)
        for path, c in documents.items()
    }
    facts = {"layout": _layout(), "records_sha256": records_sha256, "documents": rows}
    head = orjson.dumps(facts)
    return head + b"\n" + table.to_bytes()


@dataclass
class Reuse:
    """What is taken over, and what the records of all other documents repeat."""

    kept: set[str]
    originals: dict[str, str | None]

    def original_of(self, record: str, _sketch: str | None) -> str | None:
        """As `NearDuplicates` answers it."""
        return self.originals.get(record)


def plan_reuse(
    before: Before,
    keys: dict[str, str],
    *,
    sketched: Callable[[str], Sequence[tuple[str, bytes]]],
) -> Reuse:
    """Which documents are taken over.

    Args:
        before: the build before, of the same source.
        keys: of every document's path, in the order of the base, the key of what it gives now.
        sketched: ids and sketches of the records of a document that is new.
    """
    order = {path: place for place, path in enumerate(keys)}
    kept = {path for path, each in before.documents.items() if keys.get(path) == each.key}
    came = [
        ((order[path], number), Sketch(record, raw, None))
        for path in keys
        if path not in kept
        for number, (record, raw) in enumerate(sketched(path))
    ]
    gone = {row for path in before.documents if path not in kept for row in before.sketches(path)}
    touched = _touched(before.table, [sketch for _, sketch in came], gone)
    paths, starts = list(before.first_sketch), list(before.first_sketch.values())
    owner = {row: paths[bisect_right(starts, row) - 1] for row in touched}
    compared = came + [((order[owner[row]], row), before.table[row]) for row in touched]
    originals = _compare(compared)
    for row in touched:
        sketch = before.table[row]
        if originals[sketch.record] != sketch.original:
            kept.discard(owner[row])
    for path in before.documents:
        if path in keys and path not in kept and keys[path] == before.documents[path].key:
            for row in before.sketches(path):
                originals.setdefault(before.table[row].record, before.table[row].original)
    return Reuse(kept=kept, originals=originals)


def _touched(table: SketchTable, came: Sequence[Sketch], gone: set[int]) -> set[int]:
    """Rows that stay and share a band with one that came or went, or with such a one."""
    touched: set[int] = set()
    waiting = [*came, *(table[row] for row in gone)]
    seen = set[tuple[int, bytes]]()
    while waiting:
        for band in waiting.pop().bands():
            if band in seen:
                continue
            seen.add(band)
            new = set(table.with_band(*band)) - gone - touched
            touched |= new
            waiting += [table[row] for row in new]
        if len(touched) > max(FEW, len(table) // 4):
            return set(range(len(table))) - gone
    return touched


def _compare(sketches: list[tuple[tuple[int, int], Sketch]]) -> dict[str, str | None]:
    duplicates, answers = NearDuplicates(), dict[str, str | None]()
    for _, sketch in sorted(sketches, key=lambda each: each[0]):
        answers[sketch.record] = duplicates.original_of_raw(sketch.record, sketch.raw)
    return answers
