"""Reading a build: its documents, its records, and what is found in them."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shared_lib.contracts.base import Page
from shared_lib.contracts.knowledge import (
    DocumentView,
    FacetValue,
    KnowledgeRecord,
    SearchAnswer,
    SearchHit,
)
from shared_lib.db.pages import decode_cursor, encode_cursor
from shared_lib.jobs import Runtime
from svc_knowledgebase.bases.errors import DocumentNotFoundError, NotBuiltYetError
from svc_knowledgebase.bases.service import Bases
from svc_knowledgebase.building.assembly import RECORDS
from svc_knowledgebase.builds.models import BuildObjectRow
from svc_knowledgebase.builds.repository import BuildRepository
from svc_knowledgebase.searching.index import (
    INDEX,
    Filters,
    Found,
    IndexReader,
    Span,
    open_index,
)

KEYWORD_NOTE = "Words are compared, not meanings: this base has no embeddings yet."
CACHED = 16
"""Indexes that are kept on this machine when the object store is elsewhere."""


@dataclass(frozen=True)
class OpenBuild:
    """A base's current build, opened."""

    index: IndexReader
    records: Callable[[Sequence[Span]], list[KnowledgeRecord]]


class Searches:
    """What is read of the bases of all tenants."""

    def __init__(self, runtime: Runtime, *, bases: Bases) -> None:
        self._runtime = runtime
        self._bases = bases

    def search(
        self, base: str, *, tenant: str, query: str, filters: Filters, limit: int
    ) -> SearchAnswer:
        """What a base has on a question.

        Raises:
            BaseNotFoundError: no such base in this tenant.
            NotBuiltYetError: it has no build.
        """
        with self._open(base, tenant=tenant) as build:
            return _answer(build, build.index.search(query, filters, limit=limit))

    def similar(
        self, base: str, record_id: str, *, tenant: str, filters: Filters, limit: int
    ) -> SearchAnswer:
        """Records that are like one of them.

        Raises:
            DocumentNotFoundError: no such record in the current build.
        """
        with self._open(base, tenant=tenant) as build:
            found = build.index.similar(record_id, filters, limit=limit)
            if found is None:
                raise _no_record(record_id)
            return _answer(build, found)

    def record(self, base: str, record_id: str, *, tenant: str) -> KnowledgeRecord:
        """One record.

        Raises:
            DocumentNotFoundError: no such record in the current build.
        """
        with self._open(base, tenant=tenant) as build:
            span = build.index.span(record_id)
            if span is None:
                raise _no_record(record_id)
            return build.records([span])[0]

    def documents(
        self,
        base: str,
        *,
        tenant: str,
        folder: str | None,
        fate: str | None,
        limit: int,
        cursor: str | None,
    ) -> Page[DocumentView]:
        """The documents of a build by path, also those that were not read."""
        after = decode_path(cursor) if cursor else ""
        with self._open(base, tenant=tenant) as build:
            rows = build.index.documents(folder=folder, fate=fate, after=after, limit=limit + 1)
        more = len(rows) > limit
        shown = [DocumentView.model_validate(row) for row in rows[:limit]]
        return Page(items=shown, next=encode_path(shown[-1].path) if more else None)

    def document_records(
        self, base: str, document_id: str, *, tenant: str, limit: int, cursor: str | None
    ) -> Page[KnowledgeRecord]:
        """The records of a document, in order.

        Raises:
            DocumentNotFoundError: no such document in the current build.
        """
        with self._open(base, tenant=tenant) as build:
            found = build.index.document(document_id)
            if found is None:
                raise DocumentNotFoundError(
                    f"There is no document {document_id} in the current build of {base}."
                )
            start = int(decode_cursor(cursor)) if cursor and decode_cursor(cursor).isdigit() else 0
            records = build.records(found[1][start : start + limit])
        more = start + limit < len(found[1])
        return Page(items=records, next=encode_cursor(str(start + limit)) if more else None)

    def object_of(self, base: str, name: str, *, tenant: str) -> BuildObjectRow:
        """An object of the current build.

        Raises:
            NotBuiltYetError: it has no build.
        """
        return self._objects(base, tenant=tenant, names=(name,))[0]

    @contextmanager
    def _open(self, base: str, *, tenant: str) -> Iterator[OpenBuild]:
        index, records = self._objects(base, tenant=tenant, names=(INDEX, RECORDS))

        def read(spans: Sequence[Span]) -> list[KnowledgeRecord]:
            store = self._runtime.store
            return [
                KnowledgeRecord.model_validate_json(
                    b"".join(store.open(records.object_key, start=span.start, end=span.end))
                )
                for span in spans
            ]

        with open_index(self._here(index)) as reader:
            yield OpenBuild(index=reader, records=read)

    def _objects(self, base: str, *, tenant: str, names: Sequence[str]) -> list[BuildObjectRow]:
        with self._runtime.database.read() as view:
            row = self._bases.find(view, base, tenant=tenant)
            builds = BuildRepository(view)
            found = [
                builds.object_named(row.current_build_id, name) if row.current_build_id else None
                for name in names
            ]
        objects = [each for each in found if each is not None]
        if len(objects) < len(names):
            raise NotBuiltYetError(
                f"{base} has no finished build yet. Ask for one: fleet kb rebuild {base}"
            )
        return objects

    def _here(self, row: BuildObjectRow) -> Path:
        """The index as a file of this machine; it is named by its content and never changes."""
        lies_at = self._runtime.store.local_path(row.object_key)
        if lies_at is not None:
            return lies_at
        folder = self._runtime.settings.data.absolute() / "cache" / "knowledge"
        place = folder / f"{row.sha256}.sqlite"
        if not place.exists():
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder, prefix=".fetching-") as scratch:
                self._runtime.store.get_file(row.object_key, Path(scratch) / INDEX)
                (Path(scratch) / INDEX).replace(place)
            _tidy(folder)
        return place


def _tidy(folder: Path) -> None:
    """Let go of the indexes that were fetched longest ago."""
    places = sorted(folder.glob("*.sqlite"), key=lambda place: place.stat().st_mtime)
    for place in places[:-CACHED]:
        place.unlink(missing_ok=True)


def _answer(build: OpenBuild, found: Found) -> SearchAnswer:
    records = build.records([hit.span for hit in found.hits])
    return SearchAnswer(
        mode="keyword",
        note=KEYWORD_NOTE,
        total=found.total,
        hits=[
            SearchHit(record=record, score=round(hit.score, 4), snippet=hit.snippet)
            for hit, record in zip(found.hits, records, strict=True)
        ],
        facets={
            name: [FacetValue(value=value, count=count) for value, count in values]
            for name, values in found.facets.items()
        },
    )


def _no_record(record_id: str) -> DocumentNotFoundError:
    return DocumentNotFoundError(
        f"There is no record {record_id} in the current build. Search again: its text may have "
        "changed."
    )


def encode_path(path: str) -> str:
    """A path as a cursor, which is of plain letters."""
    return encode_cursor(path.encode().hex())


def decode_path(cursor: str) -> str:
    """The path in a cursor.

    Raises:
        InvalidCursorError: it is none of ours.
    """
    try:
        return bytes.fromhex(decode_cursor(cursor)).decode()
    except ValueError:
        return decode_cursor("")
