"""Groups of records: clusters that are found, and categories that are given."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from shared_lib.contracts.base import Contract
from shared_lib.contracts.errors import Problem
from shared_lib.contracts.jobs import JobState

ClusterStatus = Literal["new", "grown", "shrunk", "same"]
CategoryId = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class ClusterOptions(Contract):
    """How records are grouped; what is left out is chosen from the records."""

    method: Literal["kmeans", "hdbscan"] = "kmeans"
    clusters: int | None = Field(
        default=None, ge=2, le=200, description="How many, of k-means; chosen by silhouette if not."
    )
    min_size: int | None = Field(
        default=None, ge=2, description="Records of the smallest cluster; of the number if not."
    )


class Term(Contract):
    """A word or two that tell a group from the others."""

    term: str
    score: float = Field(description="c-TF-IDF; comparable within one group only.")


class ClusterView(Contract):
    """Records that are like one another."""

    id: str = Field(description="Stays with the cluster from build to build.")
    label: str
    terms: list[Term]
    size: int = Field(description="Records.")
    stability: float | None = Field(
        description="Mean Jaccard overlap with its like when part of the records is grouped anew."
    )
    status: ClusterStatus = Field(description="Beside the build before; `new` when there is none.")
    was: str | None = Field(description="Id in the build before.")
    size_before: int | None = None
    examples: list[str] = Field(default=[], description="Ids of the records nearest its middle.")


class GoneCluster(Contract):
    """A cluster of the build before that has no like in this one."""

    id: str
    label: str
    size: int


class Category(Contract):
    """A subject that records may be about."""

    id: CategoryId
    label: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    description: Annotated[str, StringConstraints(max_length=2000)] = ""
    examples: Annotated[
        list[Annotated[str, StringConstraints(min_length=1, max_length=2000)]],
        Field(max_length=100),
    ] = []


class Taxonomy(Contract):
    """The categories of a base: its folders, or a list of one's own."""

    kind: Literal["folders", "list"] = "folders"
    depth: int | None = Field(
        default=None,
        ge=1,
        le=20,
        description="Of the folders; the least at which there are two if left out.",
    )
    categories: Annotated[list[Category], Field(max_length=500)] = Field(
        default=[], description="Of a list."
    )
    margin: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="How far the best must lead; chosen on labelled records if left out.",
    )

    @model_validator(mode="after")
    def _fits(self) -> "Taxonomy":
        names = [each.id for each in self.categories]
        if self.kind == "list" and len(names) < 2:
            raise ValueError("a list needs at least two categories")
        if self.kind == "folders" and names:
            raise ValueError("categories are given with the kind `list` only")
        if len(set(names)) < len(names):
            raise ValueError("two categories have the same id")
        return self


class CurvePoint(Contract):
    """What a margin would give on labelled records that were held out."""

    margin: float
    coverage: float = Field(description="Share of records that are given a category.")
    precision: float = Field(description="Share of those whose category is the labelled one.")


class Reliability(Contract):
    """Records whose score lies in one tenth: what was promised, and what came true."""

    score: float = Field(description="Mean.")
    accuracy: float
    count: int


class CategoryQuality(Contract):
    """One category on held-out records, at the margin."""

    id: str
    labelled: int
    precision: float | None
    recall: float | None


class CategoryReport(Contract):
    """How far the assignment can be believed, told by labelled records that were held out."""

    margin: float
    labelled: int = Field(description="Held-out records.")
    documents: int = Field(description="They belong to; a document is held out as a whole.")
    accuracy: float = Field(description="Without abstaining.")
    accuracy_of_names: float = Field(description="The same by labels and descriptions alone.")
    coverage: float = Field(description="At the margin.")
    precision: float = Field(description="At the margin.")
    calibration_error: float = Field(description="Expected calibration error; 0 is perfect.")
    curve: list[CurvePoint]
    reliability: list[Reliability]
    categories: list[CategoryQuality]


class Assigned(Contract):
    """A category, and how sure it is."""

    id: str
    score: float = Field(description="Calibrated: of 100 at 0.8, some 80 are right.")


class CategoryView(Category):
    """A category and how many records it has."""

    size: int = 0
    terms: list[Term] = []


class ClustersView(Contract):
    """The clusters of the build that is searched, the biggest first."""

    method: str
    records: int
    outliers: int = Field(description="Records that are like no cluster.")
    agreement: float | None = Field(
        description="Mean adjusted Rand index when part of the records is grouped anew; 1 is firm."
    )
    compared: bool = Field(description="Whether a build before was there to compare with.")
    clusters: list[ClusterView]
    gone: list[GoneCluster]


class ClusterMap(Contract):
    """Where records lie, those alike near one another; places are from 0 to 1."""

    records: int
    drawn: int = Field(description="A sample when there are more.")
    points: dict[str, list[tuple[float, float]]] = Field(
        description="By id of the cluster; records in none under an empty id."
    )


class CategoriesView(Contract):
    """The categories of the build that is searched, and how far they can be believed."""

    kind: Literal["folders", "list"]
    records: int
    abstained: int = Field(description="Records that were given none.")
    margin: float = Field(description="By which the best must lead the second.")
    categories: list[CategoryView]
    report: CategoryReport | None = Field(description="Null where too few records are labelled.")


class Column(Contract):
    """A column of a table."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    type: Annotated[str, StringConstraints(max_length=100)] | None = None
    samples: Annotated[
        list[Annotated[str, StringConstraints(max_length=1000)]], Field(max_length=50)
    ] = []


class Categorise(Contract):
    """The body of `POST /v1/knowledge-bases/{base}/categorise`: texts, or a table's columns."""

    texts: Annotated[
        list[Annotated[str, StringConstraints(min_length=1, max_length=10_000)]],
        Field(max_length=100),
    ] = []
    columns: Annotated[list[Column], Field(max_length=100)] = []

    @model_validator(mode="after")
    def _something(self) -> "Categorise":
        if bool(self.texts) == bool(self.columns):
            raise ValueError("give texts or columns")
        return self


class Given(Contract):
    """The category of one thing."""

    category: str | None = Field(description="Null where the best does not lead by enough.")
    best: list[Assigned] = Field(description="The likeliest five.")


class CategoriseAnswer(Contract):
    """In the order of what was asked."""

    items: list[Given]
    together: Given = Field(description="Of all of them as one, such as the table of the columns.")


class GroupingView(Contract):
    """Where the grouping of the build that is searched stands."""

    job_id: str | None = Field(description="Null where nobody has asked for it yet.")
    state: JobState | None
    error: Problem | None = None


class TaxonomyView(Contract):
    """What the categories of a base are, and what applies it."""

    taxonomy: Taxonomy
    grouping: GroupingView


class ClusterOptionsView(Contract):
    """How the records of a base are clustered, and what applies it."""

    options: ClusterOptions
    grouping: GroupingView


class Labelled(Contract):
    """A group that a record is in."""

    id: str
    label: str
    score: float | None = Field(default=None, description="Of a category: how sure it is.")


class RecordGroups(Contract):
    """The groups of one record."""

    cluster: Labelled | None
    category: Labelled | None
