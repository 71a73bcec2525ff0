"""Reading a build without a question: its documents and their records, by path."""

from shared_lib.contracts.base import Page
from shared_lib.contracts.knowledge import DocumentView, KnowledgeRecord
from shared_lib.db.pages import decode_cursor, encode_cursor
from svc_knowledgebase.bases.errors import DocumentNotFoundError
from svc_knowledgebase.searching.opening import OpenBuilds


class Documents:
    """The documents of the bases of all tenants."""

    def __init__(self, builds: OpenBuilds) -> None:
        self._builds = builds

    def page(
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
        with self._builds.open(base, tenant=tenant) as build:
            rows = build.index.documents(folder=folder, fate=fate, after=after, limit=limit + 1)
        more = len(rows) > limit
        shown = [DocumentView.model_validate(row) for row in rows[:limit]]
        return Page(items=shown, next=encode_path(shown[-1].path) if more else None)

    def records(
        self, base: str, document_id: str, *, tenant: str, limit: int, cursor: str | None
    ) -> Page[KnowledgeRecord]:
        """The records of a document, in order.

        Raises:
            DocumentNotFoundError: no such document in the current build.
        """
        with self._builds.open(base, tenant=tenant) as build:
            found = build.index.document(document_id)
            if found is None:
                raise DocumentNotFoundError(
                    f"There is no document {document_id} in the current build of {base}."
                )
            start = int(decode_cursor(cursor)) if cursor and decode_cursor(cursor).isdigit() else 0
            records = build.records(found[1][start : start + limit])
        more = start + limit < len(found[1])
        return Page(items=records, next=encode_cursor(str(start + limit)) if more else None)


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
