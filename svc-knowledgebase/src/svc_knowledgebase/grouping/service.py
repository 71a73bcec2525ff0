"""Reading and choosing the groups of a base."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from shared_lib.contracts.base import Page
from shared_lib.contracts.groups import (
    Assigned,
    CategoriesView,
    Categorise,
    CategoriseAnswer,
    CategoryView,
    ClusterMap,
    ClusterOptions,
    ClusterOptionsView,
    ClustersView,
    Given,
    GroupingView,
    Labelled,
    RecordGroups,
    Taxonomy,
    TaxonomyView,
)
from shared_lib.contracts.knowledge import KnowledgeRecord
from shared_lib.db.engine import ReadView, WriteUnit
from shared_lib.db.pages import decode_cursor, encode_cursor
from shared_lib.embeddings.warm import QueryEmbedder
from svc_knowledgebase.bases.errors import DocumentNotFoundError, NotEmbeddedError
from svc_knowledgebase.bases.models import KnowledgeBaseRow
from svc_knowledgebase.bases.repository import KnowledgeBaseRepository
from svc_knowledgebase.bases.service import Bases
from svc_knowledgebase.builds.service import Builds
from svc_knowledgebase.builds.views import view_grouping
from svc_knowledgebase.categories.ranking import describe_column, middle, rank
from svc_knowledgebase.grouping.errors import GroupNotFoundError, NotGroupedError
from svc_knowledgebase.grouping.labels import LabelledCategory, LabelsReader, open_labels
from svc_knowledgebase.grouping.repository import GroupingRepository
from svc_knowledgebase.searching.opening import OpenBuild, OpenBuilds

DRAWN = 5_000
"""Points of the map."""


@dataclass(frozen=True)
class Ranker:
    """Gives vectors the categories of a build."""

    categories: list[LabelledCategory]
    rule: dict[str, float]

    def give(self, vector: list[float]) -> Given:
        """The category of a unit vector, or none, and the likeliest."""
        name, best = rank(vector, self.categories, **self.rule)
        shown = [Assigned(id=each, score=round(share, 4)) for each, share in best]
        return Given(category=name, best=shown)


class Groups:
    """The clusters and categories of the bases of all tenants."""

    def __init__(
        self, opened: OpenBuilds, *, bases: Bases, builds: Builds, questions: QueryEmbedder
    ) -> None:
        self._opened = opened
        self._bases = bases
        self._builds = builds
        self._questions = questions

    def clusters(self, base: str, *, tenant: str) -> ClustersView:
        """The clusters of the current build.

        Raises:
            NotGroupedError: it has none yet.
        """
        with self._labels(base, tenant=tenant) as (_, labels):
            names = ("method", "records", "outliers", "agreement", "compared", "gone")
            return ClustersView.model_validate(
                {name: labels.fact(name) for name in names} | {"clusters": labels.clusters()}
            )

    def cluster_map(self, base: str, *, tenant: str) -> ClusterMap:
        """Where its records lie; a sample of 5,000 of more.

        Raises:
            NotGroupedError: it has none yet.
        """
        with self._labels(base, tenant=tenant) as (_, labels):
            total, places = labels.places(most=DRAWN)
        points: dict[str, list[tuple[float, float]]] = {}
        for cluster, x, y in places:
            points.setdefault(cluster or "", []).append((x, y))
        return ClusterMap(records=total, drawn=len(places), points=points)

    def categories(self, base: str, *, tenant: str) -> CategoriesView:
        """The categories of the current build, and the report on them.

        Raises:
            NotGroupedError: it has none.
        """
        with self._labels(base, tenant=tenant) as (_, labels):
            found, facts = _categories(base, labels), labels
            return CategoriesView(
                kind=facts.fact("kind"),
                records=facts.fact("records"),
                abstained=facts.fact("abstained"),
                margin=facts.fact("rule")["margin"],
                categories=[CategoryView.model_validate(each.shown) for each in found],
                report=facts.fact("report"),
            )

    def records(
        self,
        base: str,
        *,
        tenant: str,
        cluster: str | None,
        category: str | None,
        limit: int,
        cursor: str | None,
    ) -> Page[KnowledgeRecord]:
        """The records of a cluster and of a category, in order; an empty id stands for none.

        Raises:
            NotGroupedError: the base has no groups yet.
            GroupNotFoundError: none has that id.
        """
        after = int(decode_cursor(cursor)) if cursor and decode_cursor(cursor).isdigit() else 0
        with self._labels(base, tenant=tenant) as (build, labels):
            if not _known(labels, cluster=cluster, category=category):
                raise GroupNotFoundError(
                    f"There is no group {cluster or category} in the current build of {base}. "
                    f"fleet kb clusters {base} and fleet kb categories {base} list them."
                )
            numbers = labels.members(
                cluster=cluster, category=category, after=after, limit=limit + 1
            )
            shown = numbers[:limit]
            found = build.records(build.index.spans(shown))
        more = encode_cursor(str(shown[-1])) if len(numbers) > limit else None
        return Page(items=found, next=more)

    def of_record(self, base: str, record_id: str, *, tenant: str) -> RecordGroups:
        """The groups of one record.

        Raises:
            DocumentNotFoundError: no such record in the current build.
            NotGroupedError: the base has no groups yet.
        """
        with self._labels(base, tenant=tenant) as (build, labels):
            number = build.index.number(record_id)
            found = labels.of(number) if number is not None else None
            if found is None:
                raise DocumentNotFoundError(
                    f"There is no record {record_id} in the current build of {base}."
                )
            names = labels.names()
        cluster = (
            Labelled(id=found.cluster, label=names["cluster"][found.cluster])
            if found.cluster
            else None
        )
        category = (
            Labelled(id=found.category, label=names["category"][found.category], score=found.score)
            if found.category
            else None
        )
        return RecordGroups(cluster=cluster, category=category)

    def categorise(self, base: str, things: Categorise, *, tenant: str) -> CategoriseAnswer:
        """The categories of texts or of the columns of a table.

        Raises:
            NotGroupedError: the base has no categories.
            NotEmbeddedError: the model is not at hand.
        """
        with self._labels(base, tenant=tenant) as (build, labels):
            ranker = Ranker(_categories(base, labels), labels.fact("rule"))
            facts = build.embedding.facts if build.embedding else None
        texts = things.texts or [
            describe_column(each.name, each.type, each.samples) for each in things.columns
        ]
        if facts is None:
            raise NotEmbeddedError(f"{base} has no vectors yet.")
        vectors, why = self._questions.embed(texts, model=facts.model)
        if vectors is None:
            raise NotEmbeddedError(why)
        rows: list[list[float]] = [row.tolist() for row in vectors]
        return CategoriseAnswer(
            items=[ranker.give(row) for row in rows], together=ranker.give(middle(rows))
        )

    def taxonomy(self, view: ReadView, base: str, *, tenant: str) -> TaxonomyView:
        """The categories that are chosen."""
        row = self._bases.find(view, base, tenant=tenant)
        return TaxonomyView(
            taxonomy=GroupingRepository(view).taxonomy(row.id), grouping=_grouping(view, row)
        )

    def set_taxonomy(
        self, unit: WriteUnit, base: str, body: Taxonomy, *, tenant: str
    ) -> TaxonomyView:
        """Choose them; a job applies it to the current build when that is embedded."""
        row = self._held(unit, base, tenant=tenant)
        GroupingRepository(unit).choose(row.id, taxonomy=body)
        self._builds.request_grouping(unit, row)
        return self.taxonomy(unit, base, tenant=tenant)

    def set_clusters(
        self, unit: WriteUnit, base: str, body: ClusterOptions, *, tenant: str
    ) -> ClusterOptionsView:
        """Choose how records are clustered; a job applies it likewise."""
        row = self._held(unit, base, tenant=tenant)
        GroupingRepository(unit).choose(row.id, clusters=body)
        self._builds.request_grouping(unit, row)
        return ClusterOptionsView(options=body, grouping=_grouping(unit, row))

    def _held(self, unit: WriteUnit, base: str, *, tenant: str) -> KnowledgeBaseRow:
        row = self._bases.find(unit, base, tenant=tenant)
        return KnowledgeBaseRepository(unit).lock(row.id)

    @contextmanager
    def _labels(self, base: str, *, tenant: str) -> Iterator[tuple[OpenBuild, LabelsReader]]:
        with self._opened.open(base, tenant=tenant) as build:
            if build.labels is None:
                raise NotGroupedError(_why_not(base, build))
            with open_labels(build.labels) as labels:
                yield build, labels


def _known(labels: LabelsReader, *, cluster: str | None, category: str | None) -> bool:
    clusters = {each["id"] for each in labels.clusters()} if cluster else {cluster}
    categories = {each.shown["id"] for each in labels.categories()} if category else {category}
    return cluster in clusters and category in categories


def _categories(base: str, labels: LabelsReader) -> list[LabelledCategory]:
    found = labels.categories()
    if not found:
        raise NotGroupedError(
            f"{base} has no categories: its documents do not lie in two folders of three records "
            f"or more. Give a list: fleet kb taxonomy {base} FILE"
        )
    return found


def _why_not(base: str, build: OpenBuild) -> str:
    grouping, embedding = build.grouping, build.embedding
    if grouping is not None and grouping.error is not None:
        return f"{base} could not be grouped: {grouping.error.detail}"
    if grouping is not None and grouping.state is not None:
        return f"{grouping.job_id} groups {base} and is {grouping.state.value}. Ask again then."
    if embedding is None:
        return (
            f"{base} is not embedded: the fleet's settings make no embeddings, and groups are made "
            "of them."
        )
    if embedding.error is not None:
        return (
            f"{base} could not be embedded, and groups are made of that: {embedding.error.detail}"
        )
    return f"{embedding.job_id} embeds {base} and is {embedding.state.value}; groups come after it."


def _grouping(view: ReadView, row: KnowledgeBaseRow) -> GroupingView:
    found = view_grouping(view, row.current_build_id) if row.current_build_id else None
    return found or GroupingView(job_id=None, state=None)
