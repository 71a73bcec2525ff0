"""All SQL on knowledge bases."""

from shared_lib.db import Repository
from svc_knowledgebase.bases.models import KnowledgeBaseRow


class KnowledgeBaseRepository(Repository[KnowledgeBaseRow]):
    """Rows of knowledge bases."""

    model = KnowledgeBaseRow

    def named(self, name: str, *, tenant: str) -> KnowledgeBaseRow | None:
        """The base of that id or name."""
        row: KnowledgeBaseRow | None = self.session.scalar(
            self.of_tenant(tenant).where(
                (KnowledgeBaseRow.id == name) | (KnowledgeBaseRow.name == name)
            )
        )
        return row

    def get(self, base_id: str) -> KnowledgeBaseRow:
        """The base of a build."""
        return self.session.get_one(KnowledgeBaseRow, base_id)

    def lock(self, base_id: str) -> KnowledgeBaseRow:
        """The same, held: its builds are numbered and published one after the other."""
        return self.session.get_one(KnowledgeBaseRow, base_id, with_for_update=True)

    def try_lock(self, base_id: str) -> KnowledgeBaseRow | None:
        """The same where it may have been deleted meanwhile."""
        return self.session.get(
            KnowledgeBaseRow, base_id, with_for_update=True, populate_existing=True
        )

    def following(self, dataset: str, *, tenant: str) -> list[KnowledgeBaseRow]:
        """The bases that are built when a version of the dataset lands."""
        query = self.of_tenant(tenant).where(
            KnowledgeBaseRow.dataset == dataset, KnowledgeBaseRow.follow
        )
        return list(self.session.scalars(query.order_by(KnowledgeBaseRow.id)))

    def delete(self, row: KnowledgeBaseRow) -> None:
        """Delete a base of which nothing is left."""
        self.session.delete(row)
        self.session.flush()
