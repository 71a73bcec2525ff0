"""Knowledge bases: documents as records that can be searched."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from datafleet.addresses import address
from datafleet.downloads import Download, Progress, download
from datafleet.pages import read_items
from datafleet.transport import Parameters, Transport
from shared_lib.contracts.graphs import GraphAnswer, GraphFormat, GraphQuery, GraphView
from shared_lib.contracts.groups import (
    CategoriesView,
    Categorise,
    CategoriseAnswer,
    ClusterMap,
    ClusterOptions,
    ClusterOptionsView,
    ClustersView,
    RecordGroups,
    Taxonomy,
    TaxonomyView,
)
from shared_lib.contracts.knowledge import (
    BuildCreate,
    BuildView,
    DocumentView,
    Fate,
    KnowledgeBaseCreate,
    KnowledgeBaseDeleted,
    KnowledgeBaseView,
    KnowledgeRecord,
    SearchAnswer,
    SearchMode,
)

_BASES = "/v1/knowledge-bases"


class KnowledgeBases:
    """`/v1/knowledge-bases`. A base is named by its name or id.

    Every method raises `FleetApiError` when the fleet answers with a problem and
    `UnreachableError` when nobody answers.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, *, limit: int | None = None) -> Iterator[KnowledgeBaseView]:
        """Your knowledge bases, newest first."""
        return read_items(self._transport, _BASES, item=KnowledgeBaseView, limit=limit)

    def read(self, base: str) -> KnowledgeBaseView:
        """One base and the build that is searched."""
        return self._transport.get(address(_BASES, base), answers=KnowledgeBaseView)

    def create(self, base: KnowledgeBaseCreate) -> KnowledgeBaseView:
        """Make a base of a dataset; its first build is asked for apart."""
        return self._transport.post(_BASES, answers=KnowledgeBaseView, body=base)

    def delete(self, base: str, *, dry_run: bool = False) -> KnowledgeBaseDeleted:
        """Delete a base and its builds, or say what would go; its dataset stays."""
        params: Parameters = {"dry_run": "true"} if dry_run else {}
        return self._transport.delete(
            address(_BASES, base), answers=KnowledgeBaseDeleted, params=params
        )

    def build(self, base: str, *, body: BuildCreate | None = None) -> BuildView:
        """Build now; `jobs.wait(build.job_id)` waits for it."""
        path = address(_BASES, base, "builds")
        return self._transport.post(path, answers=BuildView, body=body or BuildCreate())

    def builds(self, base: str, *, limit: int | None = None) -> Iterator[BuildView]:
        """The builds of a base, newest first."""
        path = address(_BASES, base, "builds")
        return read_items(self._transport, path, item=BuildView, limit=limit)

    def documents(
        self,
        base: str,
        *,
        folder: str | None = None,
        fate: Fate | None = None,
        limit: int | None = None,
    ) -> Iterator[DocumentView]:
        """The documents of the current build by path, also those that were not read."""
        params: Parameters = {"folder": folder, "fate": fate}
        path = address(_BASES, base, "documents")
        return read_items(self._transport, path, item=DocumentView, params=params, limit=limit)

    def records(self, base: str, document_id: str) -> Iterator[KnowledgeRecord]:
        """The records of a document, in order."""
        path = address(_BASES, base, "documents", document_id, "records")
        return read_items(self._transport, path, item=KnowledgeRecord)

    def record(self, base: str, record_id: str) -> KnowledgeRecord:
        """One record."""
        path = address(_BASES, base, "records", record_id)
        return self._transport.get(path, answers=KnowledgeRecord)

    def search(
        self,
        base: str,
        query: str,
        *,
        folder: str | None = None,
        mime: str | None = None,
        language: str | None = None,
        element_type: str | None = None,
        limit: int = 10,
        mode: SearchMode | None = None,
    ) -> SearchAnswer:
        """Records that answer a question, the best first. "A phrase" in quotes must be there.

        Args:
            base: name or id.
            query: words.
            folder: only what is below it.
            mime: only documents of that media type.
            language: only that language, such as `en`.
            element_type: only such passages, such as `table`.
            limit: hits at most, up to 100.
            mode: by words, by meaning or by both; None: by both where the base is embedded.
        """
        params: Parameters = {
            "q": query, "folder": folder, "mime": mime, "language": language,
            "element_type": element_type, "limit": limit, "mode": mode,
        }  # fmt: skip
        path = address(_BASES, base, "search")
        return self._transport.get(path, answers=SearchAnswer, params=params)

    def similar(self, base: str, record_id: str, *, limit: int = 10) -> SearchAnswer:
        """Records that are like one of them."""
        path = address(_BASES, base, "records", record_id, "similar")
        return self._transport.get(path, answers=SearchAnswer, params={"limit": limit})

    def clusters(self, base: str) -> ClustersView:
        """Records that are like one another, with what has changed since the build before."""
        return self._transport.get(address(_BASES, base, "clusters"), answers=ClustersView)

    def set_cluster_options(self, base: str, options: ClusterOptions) -> ClusterOptionsView:
        """Choose how records are clustered; an embedded build is grouped anew by a job."""
        path = address(_BASES, base, "clusters")
        return self._transport.put(path, answers=ClusterOptionsView, body=options)

    def cluster_map(self, base: str) -> ClusterMap:
        """Where records lie, those alike near one another; a sample of many."""
        return self._transport.get(address(_BASES, base, "clusters", "map"), answers=ClusterMap)

    def categories(self, base: str) -> CategoriesView:
        """What records are about, and how far that can be believed."""
        return self._transport.get(address(_BASES, base, "categories"), answers=CategoriesView)

    def taxonomy(self, base: str) -> TaxonomyView:
        """Which categories there are: the folders, or a list."""
        return self._transport.get(address(_BASES, base, "taxonomy"), answers=TaxonomyView)

    def set_taxonomy(self, base: str, taxonomy: Taxonomy) -> TaxonomyView:
        """Choose the categories; an embedded build is grouped anew by a job."""
        path = address(_BASES, base, "taxonomy")
        return self._transport.put(path, answers=TaxonomyView, body=taxonomy)

    def categorise(self, base: str, things: Categorise) -> CategoriseAnswer:
        """The categories of texts, or of the columns of a table and of the table as a whole."""
        path = address(_BASES, base, "categorise")
        return self._transport.post(path, answers=CategoriseAnswer, body=things)

    def groups_of(self, base: str, record_id: str) -> RecordGroups:
        """The cluster and the category of one record."""
        path = address(_BASES, base, "records", record_id, "groups")
        return self._transport.get(path, answers=RecordGroups)

    def records_in(
        self,
        base: str,
        *,
        cluster: str | None = None,
        category: str | None = None,
        limit: int | None = None,
    ) -> Iterator[KnowledgeRecord]:
        """The records of a cluster or of a category, in order.

        Args:
            base: name or id.
            cluster: its id; an empty one stands for records in none.
            category: its id, likewise; give one of the two.
            limit: records at most.
        """
        params: Parameters = {"cluster": cluster, "category": category}
        path = address(_BASES, base, "records")
        return read_items(self._transport, path, item=KnowledgeRecord, params=params, limit=limit)

    def download(
        self,
        base: str,
        *,
        to: Path | str,
        form: Literal["jsonl", "parquet", "manifest"] = "jsonl",
        progress: Progress | None = None,
    ) -> Download:
        """The current build's records, or the manifest of every file's fate.

        Raises:
            TransferDamagedError: the bytes do not have their digest.
            OSError: the file cannot be written.
        """
        path = address(_BASES, base, "download")
        params = {"as": form}
        return download(self._transport, path, to=Path(to), params=params, progress=progress)

    def graph(self, base: str) -> GraphView:
        """The largest parts of the base's graph; made from its records when first asked for."""
        return self._transport.get(address(_BASES, base, "graph"), answers=GraphView)

    def export_graph(
        self,
        base: str,
        *,
        to: Path | str,
        form: GraphFormat,
        progress: Progress | None = None,
    ) -> Download:
        """The whole graph as a file that other tools load; made when first asked for.

        Raises:
            TransferDamagedError: the bytes do not have their digest.
            OSError: the file cannot be written.
        """
        path = address(_BASES, base, "graph", "export")
        params = {"format": form}
        return download(self._transport, path, to=Path(to), params=params, progress=progress)

    def query_graph(self, base: str, cypher: str, *, limit: int = 1000) -> GraphAnswer:
        """What a Cypher query that reads gives on the graph."""
        path = address(_BASES, base, "graph", "query")
        query = GraphQuery(cypher=cypher, limit=limit)
        return self._transport.post(path, answers=GraphAnswer, body=query)
