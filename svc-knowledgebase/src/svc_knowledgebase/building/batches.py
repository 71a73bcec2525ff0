"""Parsing what is new, batch by batch: what is committed is never parsed again."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Protocol

from shared_lib.contracts.errors import FleetError
from svc_knowledgebase.building.assembly import SourceFile
from svc_knowledgebase.building.parsed import ParsedStore, Recipe
from svc_knowledgebase.building.parsers import Document, parse_all

BATCH = 32
BATCH_BYTES = 16 * 1024**2

Progress = Callable[[int, int], None]


class DocumentsChangedError(FleetError):
    """Files changed while they were read; what was read before is kept."""

    status = 409
    code = "documents_changed"
    title = "Documents changed during the build"


class Places(Protocol):
    """Brings a file to where a parser can read it."""

    def open(self, file: SourceFile) -> Path:
        """Where it lies now."""

    def close(self, file: SourceFile) -> None:
        """It has been read."""


def parse_missing(
    files: Sequence[SourceFile],
    *,
    store: ParsedStore,
    recipe: Recipe,
    places: Places,
    workers: int,
    progress: Progress,
) -> int:
    """Parse what the store does not have; how many documents that were.

    Raises:
        DocumentsChangedError: files changed while they were read.
    """
    by_key = {recipe.key(each.path, each.sha256): each for each in files if each.sha256}
    missing = store.missing(list(by_key))
    waiting = {key: file for key, file in by_key.items() if key in missing}
    batch: dict[str, bytes] = {}
    changed = []
    parsed = parse_all(_documents(waiting, places), recipe=recipe, workers=workers)
    for done, (document, given) in enumerate(parsed, start=1):
        places.close(waiting[document.key])
        if given:
            batch[document.key] = given
        else:
            changed.append(document.name)
        if len(batch) >= BATCH or sum(map(len, batch.values())) >= BATCH_BYTES:
            store.commit(batch)
            batch = {}
        progress(done, len(waiting))
    if batch:
        store.commit(batch)
    if changed:
        raise DocumentsChangedError(
            f"{len(changed)} files changed while they were read, such as {changed[0]}. "
            "What was read is kept: build again when nobody writes."
        )
    return len(waiting)


def _documents(waiting: dict[str, SourceFile], places: Places) -> Iterator[Document]:
    """Each when a parser is about to be free: files are not fetched long before."""
    for key, file in waiting.items():
        name = PurePosixPath(file.path).name
        yield Document(key=key, place=places.open(file), name=name, sha256=file.sha256 or "")
