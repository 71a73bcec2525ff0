"""The graph of a knowledge base: its overview, its exports, questions to it."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue, StringConstraints

from shared_lib.contracts.base import Contract

GraphFormat = Literal["neo4j-csv", "neo4j-parquet", "cypher", "graphml", "json"]
"""Forms that tools load; the first two are archives of several files."""

GRAPH_ENDINGS: dict[GraphFormat, str] = {
    "neo4j-csv": "zip",
    "neo4j-parquet": "zip",
    "cypher": "cypher",
    "graphml": "graphml",
    "json": "json",
}
"""How the file of a form ends."""

GraphLabel = Literal["KnowledgeBase", "Folder", "Term", "Cluster", "Category"]


class GraphNode(Contract):
    """A node of the overview."""

    id: str = Field(description="Label, a colon, and the node's id in the exports.")
    label: GraphLabel
    name: str = Field(description="Of a folder: its path inside the shown folder above it.")
    records: int = Field(description="With all below it; of a term: of the documents it is in.")
    documents: int = Field(description="With all below it; of a term: that mention it.")
    terms: str = Field(default="", description="Of a cluster: the words that tell it.")
    depth: int = Field(default=0, description="Of a folder: how many shown ones are above it.")
    path: str = Field(default="", description="Of a folder: inside the base.")


class GraphEdge(Contract):
    """A relation of the overview.

    Between folders it leads over those that hold nothing but one other folder. From a folder to a
    term, a cluster or a category it stands for those of all that is in the folder and in no deeper
    one that is shown.
    """

    source: str
    target: str
    type: str = Field(description="Such as `HAS_SUBFOLDER`, `MENTIONS`, `IN_CLUSTER`.")
    weight: int = Field(description="Records; of `MENTIONS`: documents.")


class GraphOverview(Contract):
    """The largest parts of a graph, and how many there are of each kind."""

    counts: dict[str, int] = Field(description="All nodes by label and relations by type.")
    nodes: list[GraphNode]
    edges: list[GraphEdge]
    left_out: dict[str, int] = Field(
        description="By label: how many nodes the overview does not show."
    )


class GraphView(GraphOverview):
    """The overview of a base's current build."""

    base_id: str
    base_name: str
    build_id: str
    build_number: int


class GraphQuery(Contract):
    """The body of `POST /v1/knowledge-bases/{base}/graph/query`."""

    cypher: Annotated[str, StringConstraints(min_length=1, max_length=20_000)] = Field(
        description="One query in Cypher that reads, such as `MATCH (t:Term) RETURN t.text`."
    )
    limit: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=1000, description="Rows to answer at most; `truncated` says when there are more."
    )


class GraphColumn(Contract):
    """A column of an answer, with its type in the engine's words."""

    name: str
    type: str


class GraphAnswer(Contract):
    """What a query gives. Nodes and relations are objects with their `_LABEL` and properties."""

    columns: list[GraphColumn]
    rows: list[list[JsonValue]]
    truncated: bool
