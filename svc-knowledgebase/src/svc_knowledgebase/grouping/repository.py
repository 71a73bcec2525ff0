"""All SQL on how bases are grouped."""

from shared_lib.contracts.groups import ClusterOptions, Taxonomy
from shared_lib.db.engine import ReadView
from svc_knowledgebase.grouping.models import GroupingRow


class GroupingRepository:
    """What was chosen."""

    def __init__(self, view: ReadView) -> None:
        self._session = view.session

    def taxonomy(self, base_id: str) -> Taxonomy:
        """The categories of a base."""
        row = self._session.get(GroupingRow, base_id)
        return Taxonomy.model_validate(row.taxonomy) if row and row.taxonomy else Taxonomy()

    def clusters(self, base_id: str) -> ClusterOptions:
        """How its records are clustered."""
        row = self._session.get(GroupingRow, base_id)
        found = row.clusters if row else None
        return ClusterOptions.model_validate(found) if found else ClusterOptions()

    def choose(
        self,
        base_id: str,
        *,
        taxonomy: Taxonomy | None = None,
        clusters: ClusterOptions | None = None,
    ) -> None:
        """Keep a choice; what is left out stays. The base is held."""
        row = self._session.get(GroupingRow, base_id)
        if row is None:
            row = GroupingRow(base_id=base_id, taxonomy=None, clusters=None)
            self._session.add(row)
        if taxonomy is not None:
            row.taxonomy = taxonomy.model_dump(mode="json")
        if clusters is not None:
            row.clusters = clusters.model_dump(mode="json")
        self._session.flush()
