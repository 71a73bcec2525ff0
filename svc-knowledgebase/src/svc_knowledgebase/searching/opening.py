"""The current build of a base, opened: its index, its records and, once made, its vectors."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shared_lib.contracts.groups import GroupingView
from shared_lib.contracts.knowledge import EmbeddingView, KnowledgeRecord
from shared_lib.jobs import Runtime
from svc_knowledgebase.bases.errors import NotBuiltYetError
from svc_knowledgebase.bases.service import Bases
from svc_knowledgebase.building.assembly import RECORDS
from svc_knowledgebase.builds.models import BuildObjectRow
from svc_knowledgebase.builds.repository import BuildRepository
from svc_knowledgebase.builds.views import view_embedding, view_grouping
from svc_knowledgebase.embedding.nearest import GRAPH, VECTORS, VectorFiles
from svc_knowledgebase.grouping.labels import LABELS
from svc_knowledgebase.searching.index import INDEX, IndexReader, Span, open_index

CACHED_BYTES = 4 * 1024**3
"""Of files that are kept on this machine when the object store is elsewhere."""


@dataclass(frozen=True)
class OpenBuild:
    """A base's current build.

    Attributes:
        vectors: None until the build is embedded.
        embedding: where that stands; None where nobody has asked for it.
        labels: clusters and categories; None until the build is grouped.
        grouping: where that stands, likewise.
    """

    index: IndexReader
    records: Callable[[Sequence[Span]], list[KnowledgeRecord]]
    vectors: VectorFiles | None
    embedding: EmbeddingView | None
    labels: Path | None
    grouping: GroupingView | None


class OpenBuilds:
    """Opens the current builds of all tenants' bases."""

    def __init__(self, runtime: Runtime, *, bases: Bases) -> None:
        self._runtime = runtime
        self._bases = bases

    def object_of(self, base: str, name: str, *, tenant: str) -> BuildObjectRow:
        """An object of the current build.

        Raises:
            BaseNotFoundError: no such base in this tenant.
            NotBuiltYetError: it has no build.
        """
        objects, *_ = self._objects(base, tenant=tenant)
        return objects[name]

    @contextmanager
    def open(self, base: str, *, tenant: str) -> Iterator[OpenBuild]:
        """The current build.

        Raises:
            BaseNotFoundError: no such base in this tenant.
            NotBuiltYetError: it has no build.
        """
        objects, embedding, grouping = self._objects(base, tenant=tenant)
        records = objects[RECORDS].object_key

        def read(spans: Sequence[Span]) -> list[KnowledgeRecord]:
            store = self._runtime.store
            return [
                KnowledgeRecord.model_validate_json(
                    b"".join(store.open(records, start=span.start, end=span.end))
                )
                for span in spans
            ]

        vectors = None
        if VECTORS in objects:
            graph = self.here(objects[GRAPH]) if GRAPH in objects else None
            vectors = VectorFiles(self.here(objects[VECTORS]), graph=graph)
        labels = self.here(objects[LABELS]) if LABELS in objects else None
        with open_index(self.here(objects[INDEX]), labels=labels) as reader:
            yield OpenBuild(
                index=reader,
                records=read,
                vectors=vectors,
                embedding=embedding,
                labels=labels,
                grouping=grouping,
            )

    def _objects(
        self, base: str, *, tenant: str
    ) -> tuple[dict[str, BuildObjectRow], EmbeddingView | None, GroupingView | None]:
        with self._runtime.database.read() as view:
            row = self._bases.find(view, base, tenant=tenant)
            builds = BuildRepository(view)
            build = builds.get(row.current_build_id) if row.current_build_id else None
            if build is None:
                raise NotBuiltYetError(
                    f"{base} has no finished build yet. Ask for one: fleet kb rebuild {base}"
                )
            standing = view_embedding(view, build), view_grouping(view, build.id)
            return builds.objects(build.id), *standing

    def here(self, row: BuildObjectRow) -> Path:
        """An object as a file of this machine; it is named by its content and never changes."""
        lies_at = self._runtime.store.local_path(row.object_key)
        if lies_at is not None:
            return lies_at
        folder = self._runtime.settings.data.absolute() / "cache" / "knowledge"
        place = folder / f"{row.sha256}{Path(row.name).suffix}"
        if not place.exists():
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder, prefix=".fetching-") as scratch:
                self._runtime.store.get_file(row.object_key, Path(scratch) / row.name)
                (Path(scratch) / row.name).replace(place)
            _tidy(folder, keep=place)
        return place


def _tidy(folder: Path, *, keep: Path) -> None:
    """Let go of the files that were fetched longest ago."""
    places = [place for place in folder.iterdir() if place.is_file() and place != keep]
    kept = keep.stat().st_size
    for place in sorted(places, key=lambda each: each.stat().st_mtime, reverse=True):
        kept += place.stat().st_size
        if kept > CACHED_BYTES:
            place.unlink(missing_ok=True)
