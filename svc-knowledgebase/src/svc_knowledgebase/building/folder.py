"""`fleet kb build`: a folder on this machine to a knowledge base in another, without a server.

Inside the target lie `records.jsonl`, `records.parquet`, `manifest.json` and a hidden folder with
what every document gave, so that the next build parses only what is new.
"""

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import orjson

from shared_lib.contracts.errors import FleetError
from shared_lib.contracts.knowledge import (
    BuildChanges,
    BuildOptions,
    FileFate,
    Manifest,
    Selection,
)
from shared_lib.faults import crash_point
from svc_knowledgebase.building.assembly import (
    MANIFEST,
    PARQUET,
    RECORDS,
    Assembly,
    SourceFile,
    assemble,
    changes_between,
)
from svc_knowledgebase.building.batches import Places, Progress, parse_missing
from svc_knowledgebase.building.parsed import ParsedStore, Recipe
from svc_knowledgebase.building.reuse import ASSEMBLY, Before
from svc_knowledgebase.building.selection import FoundFile, Selector, walk

KEPT = ".parsed"
_STAMPS = "stamps.json"


class FolderNotReadableError(FleetError):
    """The folder of documents cannot be read."""

    status = 422
    code = "folder_not_readable"
    title = "The folder cannot be read"


@dataclass(frozen=True)
class BuildReport:
    """What a build left, and what is different from the one before."""

    manifest: Manifest
    changes: BuildChanges


class PlacesOfFiles(Places):
    """The files where they lie."""

    def __init__(self, places: dict[str, Path]) -> None:
        self._places = places

    def open(self, file: SourceFile) -> Path:
        """Where it lies."""
        return self._places[file.path]

    def close(self, file: SourceFile) -> None:
        """It stays where it is."""


class FolderStore(ParsedStore):
    """Keeps what documents gave as files, each whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def missing(self, keys: list[str]) -> set[str]:
        """Which of these are not there."""
        return {key for key in keys if not self._place(key).exists()}

    def commit(self, batch: dict[str, bytes]) -> None:
        """Write each beside its place, then give it its place."""
        for key, given in batch.items():
            write_whole(self._place(key), given)
        crash_point("knowledgebase.folder.committed")

    def read(self, key: str) -> bytes:
        """What was kept."""
        return self._place(key).read_bytes()

    def keep_only(self, keys: set[str]) -> None:
        """Let go of what no file gives any more."""
        for place in self._folder.glob("*/*.json"):
            if place.stem not in keys:
                place.unlink()

    def _place(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.json"


def write_whole(place: Path, data: bytes) -> None:
    """Write a file so that whoever looks sees all of it or none."""
    place.parent.mkdir(exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=place.parent, prefix=".new-", delete=False) as opened:
        opened.write(data)
    Path(opened.name).replace(place)


def build_folder(
    folder: Path,
    target: Path,
    *,
    selection: Selection,
    options: BuildOptions,
    source: str | None = None,
    workers: int = 1,
    progress: Progress = lambda _done, _total: None,
) -> BuildReport:
    """Build or rebuild a knowledge base.

    Args:
        folder: where the documents are; its links are not followed.
        target: where the base is; made when missing.
        selection: which files are read.
        options: how documents become records.
        source: what records call the folder; its own name when None.
        workers: parser processes.
        progress: is told how many of how many documents are parsed.

    Raises:
        FolderNotReadableError: a folder cannot be listed.
        BadPatternError: a pattern of the selection cannot be understood.
        DocumentsChangedError: files changed while they were read; build again.
    """
    target.mkdir(parents=True, exist_ok=True)
    recipe, store = Recipe.of(options), FolderStore(target / KEPT)
    found, excluded = find_files(folder, Selector(selection), without=target)
    stamps = target / KEPT / _STAMPS
    files, now = hash_files(found, orjson.loads(stamps.read_bytes()) if stamps.exists() else {})
    write_whole(stamps, orjson.dumps(now))
    places = {each.path: each.place for each in found}
    parsed_now = parse_missing(
        files,
        store=store,
        recipe=recipe,
        places=PlacesOfFiles(places),
        workers=workers,
        progress=progress,
    )
    before = _manifest_before(target)
    name = source or folder.resolve().name
    wanted = _Wanted(name, selection, excluded, recipe, files)
    manifest = (
        before
        if before and wanted.is_what(before)
        else _publish(wanted, store, target, before=before)
    )
    added, changed, moved, deleted = changes_between(before.files if before else [], manifest.files)
    return BuildReport(
        manifest=manifest,
        changes=BuildChanges(
            added=added, changed=changed, moved=moved, deleted=deleted, parsed_now=parsed_now
        ),
    )


def find_files(
    folder: Path, selector: Selector, *, without: Path | None = None
) -> tuple[list[FoundFile], int]:
    """The selected files, and how many were not selected; the base itself is neither.

    Raises:
        FolderNotReadableError: a folder cannot be listed.
    """
    try:
        listed = list(walk(folder))
    except OSError as error:
        raise FolderNotReadableError(
            f"{error.filename} cannot be listed: {error.strerror}. Allow it, or exclude it."
        ) from error
    if without is not None:
        inside = without.resolve()
        listed = [each for each in listed if inside not in each.place.absolute().parents]
    selected = [each for each in listed if selector.selects(each.path)]
    return selected, len(listed) - len(selected)


def hash_files(
    found: list[FoundFile], known: dict[str, list[str]]
) -> tuple[list[SourceFile], dict[str, list[str]]]:
    """The files with their hashes; one that looks as it did is not read again.

    Args:
        found: what is there, with links, which get a fate instead of a hash.
        known: by path stamp and hash, as the call before gave them back.
    """
    files, now = [], dict[str, list[str]]()
    for each in found:
        if each.link:
            detail = "It is a link. Links are not followed: what they point at is read where it is."
            files.append(_unread(each, fate="skipped", code="link", detail=detail))
            continue
        before = known.get(each.path)
        try:
            digest = before[1] if before and before[0] == each.stamp else _sha256(each.place)
        except OSError as error:
            detail = f"It cannot be opened: {error.strerror}."
            files.append(_unread(each, fate="failed", code="document_unreadable", detail=detail))
            continue
        now[each.path] = [each.stamp, digest]
        files.append(SourceFile(path=each.path, bytes=each.bytes, sha256=digest))
    return files, now


def _unread(each: FoundFile, *, fate: str, code: str, detail: str) -> SourceFile:
    told = FileFate.model_validate(
        {"path": each.path, "bytes": each.bytes, "sha256": None, "fate": fate, "code": code,
         "detail": detail}
    )  # fmt: skip
    return SourceFile(path=each.path, bytes=each.bytes, sha256=None, fate=told)


def _sha256(place: Path) -> str:
    # What has become a link since it was found is refused.
    with os.fdopen(os.open(place, os.O_RDONLY | os.O_NOFOLLOW), "rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


@dataclass(frozen=True)
class _Wanted:
    """What the base shall be made of."""

    source: str
    selection: Selection
    excluded: int
    recipe: Recipe
    files: list[SourceFile]

    def is_what(self, manifest: Manifest) -> bool:
        """Whether the base was made of exactly this already."""
        same = (
            manifest.source == self.source
            and manifest.selection == self.selection
            and manifest.options == self.recipe.options
            and manifest.engines == self.recipe.engines
            and manifest.counts.excluded == self.excluded
        )
        there = [(each.path, each.sha256, each.bytes) for each in manifest.files]
        return same and there == [(each.path, each.sha256, each.bytes) for each in self.files]


def _publish(
    wanted: _Wanted, store: FolderStore, target: Path, *, before: Manifest | None
) -> Manifest:
    """Write the base beside its place and give it its place; the manifest comes last."""
    keys = {
        each.path: wanted.recipe.key(each.path, each.sha256)
        for each in wanted.files
        if each.sha256 is not None
    }
    for left in target.glob(".building-*"):
        shutil.rmtree(left)
    with tempfile.TemporaryDirectory(dir=target, prefix=".building-") as scratch:
        assembly = Assembly(source=wanted.source, target=Path(scratch))
        assemble(
            assembly,
            wanted.files,
            keys=keys,
            given=store.read,
            before=_kept_before(target, before, recipe=wanted.recipe),
        )
        manifest = assembly.close(
            selection=wanted.selection,
            options=wanted.recipe.options,
            engines=wanted.recipe.engines,
            excluded=wanted.excluded,
        )
        (target / MANIFEST).unlink(missing_ok=True)
        for name in (RECORDS, PARQUET, MANIFEST):
            (Path(scratch) / name).replace(target / name)
            crash_point("knowledgebase.folder.half_replaced")
        # Should this one not get there, it does not fit the manifest, and is not used.
        (Path(scratch) / ASSEMBLY).replace(target / KEPT / ASSEMBLY)
    store.keep_only(set(keys.values()))
    return manifest


def _kept_before(target: Path, before: Manifest | None, *, recipe: Recipe) -> Before | None:
    """What of the base can be taken over: nothing, when documents are read in another way now."""
    if before is None or not before.is_read_as(recipe.options, recipe.engines):
        return None
    return Before.load(target / KEPT / ASSEMBLY, records=target / RECORDS, manifest=before)


def _manifest_before(target: Path) -> Manifest | None:
    """What the base was made of; None when there is none, or it was left half replaced."""
    manifest = target / MANIFEST
    if not all((target / name).exists() for name in (MANIFEST, RECORDS, PARQUET)):
        return None
    return Manifest.model_validate_json(manifest.read_bytes())
