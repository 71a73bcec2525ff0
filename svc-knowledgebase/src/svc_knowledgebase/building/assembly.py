"""From what each document gave to the records of a base, in the order of paths."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

import orjson

from shared_lib.contracts.knowledge import BuildCounts, BuildOptions, FileFate, Manifest, Selection
from svc_knowledgebase.building.duplicates import NearDuplicates, unpacked
from svc_knowledgebase.building.parsed import load
from svc_knowledgebase.building.reuse import (
    ASSEMBLY,
    Before,
    Contribution,
    plan_reuse,
    stored_assembly,
)
from svc_knowledgebase.building.sketches import Sketch, SketchTable

RECORDS, PARQUET, MANIFEST = "records.jsonl", "records.parquet", "manifest.json"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A selected file and what is known of it before it is read.

    Attributes:
        sha256: of its bytes; None for what is not read at all, which `fate` explains.
    """

    path: str
    bytes: int
    sha256: str | None
    fate: FileFate | None = None


@dataclass(frozen=True, slots=True)
class PlacedRecord:
    """A record, and where in `records.jsonl` it stands: bytes `start` up to `end`."""

    record: dict[str, Any]
    start: int
    end: int


class Originals(Protocol):
    """Knows of each record which earlier one it repeats."""

    def original_of(self, record_id: str, sketch: str | None, /) -> str | None:
        """The id of the earlier record; None when it is the first."""


class Listener(Protocol):
    """Is told of every document in the order of the base."""

    def add(self, document_id: str, fate: FileFate, placed: Sequence[PlacedRecord]) -> None:
        """A document and its records, which are new or stand elsewhere."""

    def keep(self, document_id: str, *, moved: int) -> None:
        """A document as it was in the build before; its lines begin `moved` bytes later."""


@dataclass
class Assembly:
    """Writes records one document after the other, and keeps every file's fate."""

    source: str
    target: Path
    originals: Originals = field(default_factory=NearDuplicates)
    fates: list[FileFate] = field(default_factory=list)
    documents: dict[str, Contribution] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._sketches = SketchTable()
        self._digest = hashlib.sha256()
        self._position = 0
        self._out = (self.target / RECORDS).open("wb")

    def add(self, file: SourceFile, given: bytes, *, key: str = "") -> list[PlacedRecord]:
        """Write the records of a document; they are given back too."""
        parsed, placed = load(given), list[PlacedRecord]()
        start, sketches = self._position, len(self._sketches)
        for record, sketch in _records(self.source, file, parsed, self.originals):
            line = orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
            begin = self._write(line)
            placed.append(PlacedRecord(record=record, start=begin, end=self._position - 1))
            if sketch is not None:
                original = record["near_duplicate_of"]
                self._sketches.append(Sketch(record["id"], unpacked(sketch), original))
        self.fates.append(_fate(file, parsed, records=len(placed)))
        self.documents[file.path] = Contribution(
            key=key,
            start=start,
            end=self._position,
            records=len(placed),
            near_duplicates=sum(each.record["near_duplicate_of"] is not None for each in placed),
            tokens=sum(each.record["tokens"] for each in placed),
            sketches=len(self._sketches) - sketches,
        )
        return placed

    def keep(self, path: str, before: Before, lines: bytes) -> int:
        """Take a document's lines over from the build before; how many bytes later they begin."""
        known = before.documents[path]
        start = self._write(lines)
        self._sketches.extend(before.table, before.sketches(path))
        self.documents[path] = replace(known, start=start, end=self._position)
        self.fates.append(before.fates[path])
        return start - known.start

    def _write(self, lines: bytes) -> int:
        start = self._position
        self._digest.update(lines)
        self._out.write(lines)
        self._position += len(lines)
        return start

    def document(self, file: SourceFile) -> str:
        """The id of a document of this base."""
        return document_id(self.source, file.path)

    def leave_out(self, fate: FileFate) -> None:
        """A file that was not even read."""
        self.fates.append(fate)

    def close(
        self, *, selection: Selection, options: BuildOptions, engines: str, excluded: int
    ) -> Manifest:
        """Write the manifest and the records as Parquet.

        Raises:
            AssertionError: a file has no fate, or two.
        """
        self._out.close()
        write_parquet(self.target)
        fates = {name: sum(each.fate == name for each in self.fates)
                 for name in ("parsed", "skipped", "failed")}  # fmt: skip
        counts = BuildCounts(
            found=len(self.fates),
            **fates,
            excluded=excluded,
            bytes=sum(each.bytes for each in self.fates),
            records=sum(each.records for each in self.documents.values()),
            near_duplicates=sum(each.near_duplicates for each in self.documents.values()),
            tokens=sum(each.tokens for each in self.documents.values()),
        )
        if len({each.path for each in self.fates}) != counts.found:
            raise AssertionError("a file is in the manifest twice")
        manifest = Manifest(
            source=self.source,
            selection=selection,
            options=options,
            engines=engines,
            counts=counts,
            records_sha256=self._digest.hexdigest(),
            files=self.fates,
        )
        written = orjson.dumps(
            manifest.model_dump(mode="json"), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        )
        (self.target / MANIFEST).write_bytes(written)
        stored = stored_assembly(
            self.documents, self._sketches, records_sha256=manifest.records_sha256
        )
        (self.target / ASSEMBLY).write_bytes(stored)
        return manifest


def record_id(document_id: str, text: str, nth: int) -> str:
    """Stays while the passage stays in its document, wherever it moves inside."""
    digest = hashlib.sha256(f"{document_id}\0{nth}\0{text}".encode("utf-8", "surrogatepass"))
    return f"kr_{digest.hexdigest()[:32]}"


def document_id(source: str, path: str) -> str:
    """Stays while the document keeps its place."""
    digest = hashlib.sha256(f"{source}\0{path}".encode())
    return f"kd_{digest.hexdigest()[:32]}"


def assemble(
    assembly: Assembly,
    files: Sequence[SourceFile],
    *,
    keys: Mapping[str, str],
    given: Callable[[str], bytes],
    before: Before | None,
    listener: Listener | None = None,
) -> None:
    """Write all records, those of documents that are as they were by copying their lines.

    Args:
        assembly: empty.
        files: in the order of the base.
        keys: by path, of what each file gave; without those that were not read.
        given: what was kept under a key.
        before: the build before; None writes everything.
        listener: is told of every document, also of those that were not read.
    """
    kept = set[str]()
    if before is not None and before.source == assembly.source:

        def sketched(path: str) -> list[tuple[str, bytes]]:
            whole, records = document_id(assembly.source, path), load(given(keys[path]))["records"]
            return [
                (name, unpacked(each["sketch"]))
                for name, each in _identified(whole, records)
                if each["sketch"]
            ]

        reuse = plan_reuse(before, dict(keys), sketched=sketched)
        kept, assembly.originals = reuse.kept, reuse
    with before.records.open("rb") if before is not None else nullcontext() as lines:
        for file in files:
            whole = assembly.document(file)
            if file.fate is not None:
                assembly.leave_out(file.fate)
                if listener is not None:
                    listener.add(whole, file.fate, [])
            elif before is not None and lines is not None and file.path in kept:
                known = before.documents[file.path]
                lines.seek(known.start)
                moved = assembly.keep(file.path, before, lines.read(known.end - known.start))
                if listener is not None:
                    listener.keep(whole, moved=moved)
            else:
                key = keys[file.path]
                placed = assembly.add(file, given(key), key=key)
                if listener is not None:
                    listener.add(whole, assembly.fates[-1], placed)


def _identified(
    document_id: str, records: Sequence[dict[str, Any]]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each with its id."""
    seen: dict[str, int] = {}
    for each in records:
        text = each["text"]
        nth = seen[text] = seen.get(text, -1) + 1
        yield record_id(document_id, text, nth), each


def _records(
    source: str, file: SourceFile, parsed: dict[str, Any], originals: Originals
) -> Iterator[tuple[dict[str, Any], str | None]]:
    """Each record, and its sketch."""
    path = PurePosixPath(file.path)
    folders = list(path.parts[:-1])
    whole = document_id(source, file.path)
    for position, (name, each) in enumerate(_identified(whole, parsed["records"])):
        record = {
            "id": name,
            "document_id": whole,
            "source": source,
            "path": file.path,
            "folder": "/".join(folders),
            "subfolders": folders,
            "depth": len(folders),
            "filename": path.name,
            "mime": parsed["mime"],
            "sha256": file.sha256,
            "bytes": file.bytes,
            "title": parsed["title"] or path.stem,
            "language": parsed["language"],
            "page_from": each["pages"][0],
            "page_to": each["pages"][1],
            "section_path": each["section"],
            "element_type": each["kind"],
            "position": position,
            "char_start": each["span"][0],
            "char_end": each["span"][1],
            "tokens": each["tokens"],
            "text": each["text"],
            "parser": parsed["parser"],
            "parser_version": parsed["parser_version"],
            "near_duplicate_of": originals.original_of(name, each["sketch"]),
        }
        yield record, each["sketch"]


def _fate(file: SourceFile, parsed: dict[str, Any], *, records: int) -> FileFate:
    return FileFate(
        path=file.path,
        bytes=file.bytes,
        sha256=file.sha256,
        fate=parsed["fate"],
        records=records,
        pages=parsed.get("pages"),
        language=parsed.get("language"),
        parser=parsed.get("parser"),
        code=parsed.get("code"),
        detail=parsed.get("detail"),
        notes=parsed.get("notes", []),
    )


def write_parquet(folder: Path) -> None:
    """The records once more as Parquet, with the same columns in the same order."""
    import polars as pl  # noqa: PLC0415 - the table engine, when it comes to that

    text, number = pl.String, pl.Int64
    types: dict[str, Any] = {
        "id": text, "document_id": text, "source": text, "path": text, "folder": text,
        "subfolders": pl.List(text), "depth": number, "filename": text, "mime": text,
        "sha256": text, "bytes": number, "title": text, "language": text, "page_from": number,
        "page_to": number, "section_path": pl.List(text), "element_type": text,
        "position": number, "char_start": number, "char_end": number, "tokens": number,
        "text": text, "parser": text, "parser_version": text, "near_duplicate_of": text,
    }  # fmt: skip
    source, target = folder / RECORDS, folder / PARQUET
    if source.stat().st_size == 0:
        pl.DataFrame(schema=types).write_parquet(target)
        return
    pl.scan_ndjson(source, schema=types).sink_parquet(
        target, compression="zstd", row_group_size=10_000, maintain_order=True
    )


def changes_between(
    before: Sequence[FileFate], after: Sequence[FileFate]
) -> tuple[list[str], list[str], list[tuple[str, str]], list[str]]:
    """Added, changed, moved (from, to) and deleted paths. A move keeps its bytes."""
    old = {each.path: each for each in before}
    new = {each.path: each for each in after}
    gone = {path: each for path, each in old.items() if path not in new}
    homeless: dict[str | None, list[str]] = {}
    for path, each in gone.items():
        homeless.setdefault(each.sha256, []).append(path)
    added, moved = list[str](), list[tuple[str, str]]()
    for path, each in new.items():
        if path in old:
            continue
        origins = homeless.get(each.sha256) if each.sha256 else None
        if origins:
            moved.append((origins.pop(0), path))
        else:
            added.append(path)
    changed = [path for path in new if path in old and new[path].sha256 != old[path].sha256]
    left = {origin for origin, _ in moved}
    return added, changed, moved, [path for path in gone if path not in left]
