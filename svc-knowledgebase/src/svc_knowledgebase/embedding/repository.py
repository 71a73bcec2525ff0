"""All SQL on vectors."""

from collections.abc import Iterable

from sqlalchemy import delete, select

from shared_lib.db.engine import ReadView
from svc_knowledgebase.embedding.models import VectorShardRow


class VectorRepository:
    """The vectors that are kept."""

    def __init__(self, view: ReadView) -> None:
        self._session = view.session

    def shards(self, base_id: str, *, model: str) -> list[VectorShardRow]:
        """What a model made for a base."""
        query = select(VectorShardRow).where(
            VectorShardRow.base_id == base_id, VectorShardRow.model == model
        )
        return list(self._session.scalars(query.order_by(VectorShardRow.vectors_key)))

    def add(self, row: VectorShardRow) -> None:
        """Keep what was made."""
        self._session.add(row)

    def keep_only(self, row: VectorShardRow) -> None:
        """Let go of everything that was made for the base before; the sweep deletes it."""
        self._session.execute(delete(VectorShardRow).where(VectorShardRow.base_id == row.base_id))
        self._session.add(row)

    def delete_all(self, base_id: str) -> None:
        """Let go of everything that was made for a base; the sweep deletes it."""
        self._session.execute(delete(VectorShardRow).where(VectorShardRow.base_id == base_id))

    def named(self, keys: Iterable[str]) -> set[str]:
        """Which of these object keys are kept."""
        wanted = list(keys)
        rows = self._session.execute(
            select(VectorShardRow.vectors_key, VectorShardRow.digests_key).where(
                VectorShardRow.vectors_key.in_(wanted) | VectorShardRow.digests_key.in_(wanted)
            )
        )
        return {key for row in rows for key in row}
