"""From what each document gave to the records of a base, in the order of paths."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import orjson

from shared_lib.contracts.knowledge import BuildCounts, BuildOptions, FileFate, Manifest, Selection
from svc_knowledgebase.building.duplicates import NearDuplicates
from svc_knowledgebase.building.parsed import load

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


@dataclass
class Assembly:
    """Writes records one document after the other, and keeps every file's fate."""

    source: str
    target: Path
    fates: list[FileFate] = field(default_factory=list)
    records: int = 0
    near_duplicates: int = 0
    tokens: int = 0

    def __post_init__(self) -> None:
        self._duplicates = NearDuplicates()
        self._digest = hashlib.sha256()
        self._position = 0
        self._out = (self.target / RECORDS).open("wb")

    def add(self, file: SourceFile, given: bytes) -> list[PlacedRecord]:
        """Write the records of a document; they are given back too."""
        parsed, placed = load(given), list[PlacedRecord]()
        for record in _records(self.source, file, parsed, self._duplicates):
            line = orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
            self._digest.update(line)
            self._out.write(line)
            end = self._position + len(line) - 1
            placed.append(PlacedRecord(record=record, start=self._position, end=end))
            self._position = end + 1
            self.near_duplicates += record["near_duplicate_of"] is not None
            self.tokens += record["tokens"]
        self.records += len(placed)
        self.fates.append(_fate(file, parsed, records=len(placed)))
        return placed

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
            records=self.records,
            near_duplicates=self.near_duplicates,
            tokens=self.tokens,
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
        return manifest


def record_id(document_id: str, text: str, nth: int) -> str:
    """Stays while the passage stays in its document, wherever it moves inside."""
    digest = hashlib.sha256(f"{document_id}\0{nth}\0{text}".encode("utf-8", "surrogatepass"))
    return f"kr_{digest.hexdigest()[:32]}"


def document_id(source: str, path: str) -> str:
    """Stays while the document keeps its place."""
    digest = hashlib.sha256(f"{source}\0{path}".encode())
    return f"kd_{digest.hexdigest()[:32]}"


def _records(
    source: str, file: SourceFile, parsed: dict[str, Any], duplicates: NearDuplicates
) -> Iterator[dict[str, Any]]:
    path = PurePosixPath(file.path)
    folders = list(path.parts[:-1])
    whole = document_id(source, file.path)
    seen: dict[str, int] = {}
    for position, each in enumerate(parsed["records"]):
        text = each["text"]
        nth = seen[text] = seen.get(text, -1) + 1
        name = record_id(whole, text, nth)
        yield {
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
            "text": text,
            "parser": parsed["parser"],
            "parser_version": parsed["parser_version"],
            "near_duplicate_of": duplicates.original_of(name, each["sketch"]),
        }


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
