"""What a build reads, wherever it lies: files with their hashes, and a way to open each."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from shared_lib.contracts.knowledge import FileFate, Selection
from shared_lib.storage import ObjectStore
from shared_lib.storage.errors import InvalidObjectKeyError, ObjectMissingError
from svc_knowledgebase.building.assembly import SourceFile
from svc_knowledgebase.building.batches import Places
from svc_knowledgebase.building.folder import PlacesOfFiles, find_files, hash_files
from svc_knowledgebase.building.selection import Selector
from svc_knowledgebase.sources.archives import Unpacked, is_archive, unpack
from svc_knowledgebase.sources.folders import ObjectPrefix
from svc_knowledgebase.sources.models import LandedFileRow


@dataclass(frozen=True)
class Listing:
    """The selected files in the order of their paths.

    Attributes:
        excluded: how many were not selected.
        places: opens them.
    """

    files: list[SourceFile]
    excluded: int
    places: Places


def list_landed(
    landed: Iterable[LandedFileRow], selector: Selector, *, store: ObjectStore, scratch: Path
) -> Listing:
    """The files of a landed version, those of archives in it below the archive's own path.

    `scratch` is an empty folder for what is fetched and unpacked.
    """
    excluded, files, keys = 0, dict[str, SourceFile](), dict[str, str]()
    unpacked = dict[str, Path]()
    for number, row in enumerate(landed):
        if is_archive(row.path):
            for member in _members(row, selector, store, scratch / f"archive-{number}"):
                if member.selected:
                    # A name that comes twice is what it is the second time, as when unpacking.
                    files[member.file.path] = member.file
                    if member.place is not None:
                        unpacked[member.file.path] = member.place
                else:
                    excluded += 1
        elif selector.selects(row.path):
            files[row.path] = SourceFile(path=row.path, bytes=row.bytes, sha256=row.sha256)
            keys[row.path] = row.object_key
        else:
            excluded += 1
    return Listing(
        files=[files[path] for path in sorted(files)],
        excluded=excluded,
        places=_Fetched(keys, store=store, scratch=scratch, here=unpacked),
    )


def _members(
    row: LandedFileRow, selector: Selector, store: ObjectStore, folder: Path
) -> Iterator[Unpacked]:
    """The members of a landed archive, taken out into a folder."""
    folder.mkdir()
    archive = store.local_path(row.object_key)
    if archive is None:
        archive = folder / "archive"
        store.get_file(row.object_key, archive)
    yield from unpack(archive, row.path, selector, into=folder)


def list_shared(
    place: Path | ObjectPrefix, selector: Selector, *, store: ObjectStore, scratch: Path
) -> Listing:
    """The files of a shared folder as they are now; links are listed and not followed.

    Raises:
        FolderNotReadableError: a folder cannot be listed.
    """
    if isinstance(place, ObjectPrefix):
        return _list_objects(place, selector, store=store, scratch=scratch)
    found, excluded = find_files(place, selector)
    files, _ = hash_files(found, known={})
    places = PlacesOfFiles({each.path: each.place for each in found})
    return Listing(files=files, excluded=excluded, places=places)


def sizes_in(place: Path | ObjectPrefix, *, store: ObjectStore) -> list[tuple[str, int]]:
    """Path and size of every file of a shared folder, by path.

    Raises:
        FolderNotReadableError: a folder cannot be listed.
    """
    if isinstance(place, ObjectPrefix):
        return sorted(_objects(place, store))
    found, _ = find_files(place, Selector(Selection(exclude=[])))
    return [(each.path, each.bytes) for each in found]


def _objects(place: ObjectPrefix, store: ObjectStore) -> Iterator[tuple[str, int]]:
    """Names that end with a slash stand for folders; they are no files."""
    for found in store.list(place.prefix):
        path = found.key.removeprefix(place.prefix)
        if not path.endswith("/"):
            yield path, found.bytes


def _list_objects(
    place: ObjectPrefix, selector: Selector, *, store: ObjectStore, scratch: Path
) -> Listing:
    found = sorted(_objects(place, store))
    selected = [(path, size) for path, size in found if selector.selects(path)]
    keys = {path: place.prefix + path for path, _ in selected}
    return Listing(
        files=[_hashed_object(path, size, keys[path], store) for path, size in selected],
        excluded=len(found) - len(selected),
        places=_Fetched(keys, store=store, scratch=scratch),
    )


def _hashed_object(path: str, size: int, key: str, store: ObjectStore) -> SourceFile:
    """Others may overwrite their objects, so each is read for its hash."""
    digest = hashlib.sha256()
    try:
        for chunk in store.open(key):
            digest.update(chunk)
    except (InvalidObjectKeyError, ObjectMissingError) as error:
        told = FileFate(
            path=path, bytes=size, sha256=None, fate="failed", code=error.code, detail=error.detail
        )
        return SourceFile(path=path, bytes=size, sha256=None, fate=told)
    return SourceFile(path=path, bytes=size, sha256=digest.hexdigest())


class _Fetched(Places):
    """Objects by path: where they lie, or fetched while a parser reads them."""

    def __init__(
        self,
        keys: Mapping[str, str],
        *,
        store: ObjectStore,
        scratch: Path,
        here: Mapping[str, Path] | None = None,
    ) -> None:
        self._here = here or {}
        self._store = store
        self._keys = keys
        self._folder = scratch
        self._fetched: dict[str, Path] = {}

    def open(self, file: SourceFile) -> Path:
        """Where it lies now."""
        if file.path in self._here:
            return self._here[file.path]
        key = self._keys[file.path]
        place = self._store.local_path(key)
        if place is None:
            place = self._fetched[file.path] = self._folder / str(len(self._fetched))
            self._store.get_file(key, place)
        return place

    def close(self, file: SourceFile) -> None:
        """Let go of what was fetched."""
        place = self._fetched.get(file.path)
        if place is not None:
            place.unlink()
