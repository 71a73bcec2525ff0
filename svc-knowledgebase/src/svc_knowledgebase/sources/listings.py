"""What a build reads, wherever it lies: files with their hashes, and a way to open each."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from shared_lib.storage import ObjectStore
from svc_knowledgebase.building.assembly import SourceFile
from svc_knowledgebase.building.batches import Places
from svc_knowledgebase.building.folder import PlacesOfFiles, find_files, hash_files
from svc_knowledgebase.building.selection import Selector
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
    """The files of a landed version; `scratch` is an empty folder for those that are fetched."""
    rows = list(landed)
    selected = [row for row in rows if selector.selects(row.path)]
    return Listing(
        files=[SourceFile(path=row.path, bytes=row.bytes, sha256=row.sha256) for row in selected],
        excluded=len(rows) - len(selected),
        places=_Fetched(selected, store=store, scratch=scratch),
    )


def list_folder(folder: Path, selector: Selector) -> Listing:
    """The files below a folder as they are now; links are listed and not followed.

    Raises:
        FolderNotReadableError: a folder cannot be listed.
    """
    found, excluded = find_files(folder, selector)
    files, _ = hash_files(found, known={})
    places = PlacesOfFiles({each.path: each.place for each in found})
    return Listing(files=files, excluded=excluded, places=places)


class _Fetched(Places):
    """Landed files: where they lie, or fetched while a parser reads them."""

    def __init__(
        self, files: Iterable[LandedFileRow], *, store: ObjectStore, scratch: Path
    ) -> None:
        self._store = store
        self._keys = {file.path: file.object_key for file in files}
        self._folder = scratch
        self._fetched: dict[str, Path] = {}

    def open(self, file: SourceFile) -> Path:
        """Where it lies now."""
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
