"""Finding records: by their words, by their meaning, or by both."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared_lib.contracts.knowledge import (
    FacetValue,
    KnowledgeRecord,
    SearchAnswer,
    SearchHit,
    SearchMode,
)
from shared_lib.embeddings.warm import QueryEmbedder
from svc_knowledgebase.bases.errors import DocumentNotFoundError, NotEmbeddedError
from svc_knowledgebase.embedding.nearest import Near
from svc_knowledgebase.grouping.errors import NotGroupedError
from svc_knowledgebase.grouping.labels import open_labels
from svc_knowledgebase.searching.index import Filters, Found, Hit
from svc_knowledgebase.searching.meanings import CANDIDATES, MeaningReader, fuse
from svc_knowledgebase.searching.opening import OpenBuild, OpenBuilds

OFF = "Words are compared, not meanings: the fleet's settings make no embeddings."
PENDING = "Words are compared, not meanings yet: {job} embeds the base and is {state}."


@dataclass(frozen=True)
class Meanings:
    """The records nearest to a question, or why none were looked for."""

    near: list[Near] | None
    note: str | None = None


class Searches:
    """What is found in the bases of all tenants."""

    def __init__(self, builds: OpenBuilds, *, questions: QueryEmbedder) -> None:
        self._builds = builds
        self._questions = questions

    def search(
        self,
        base: str,
        *,
        tenant: str,
        query: str,
        filters: Filters,
        limit: int,
        mode: SearchMode | None = None,
    ) -> SearchAnswer:
        """What a base has on a question.

        Args:
            mode: None: by both where the base is embedded, else by words.

        Raises:
            BaseNotFoundError: no such base in this tenant.
            NotBuiltYetError: it has no build.
            NotEmbeddedError: a mode is asked for that needs vectors, and there are none.
            NotGroupedError: a group is asked for, and there are none.
        """
        with self._builds.open(base, tenant=tenant) as build:
            _check_groups(base, build, filters)
            meanings = Meanings(None)
            if mode != "keyword":
                meanings = self._meanings(build, query, filters=filters)
            if meanings.near is None:
                if mode in ("meaning", "hybrid"):
                    raise NotEmbeddedError(meanings.note or OFF)
                found = build.index.search(query, filters, limit=limit)
                return _answer(build, found, mode="keyword", note=meanings.note)
            if mode == "meaning":
                return _nearest(build, meanings.near, limit=limit)
            words = build.index.search(query, filters, limit=CANDIDATES)
            return _hybrid(build, words, meanings.near, query=query, limit=limit)

    def similar(
        self, base: str, record_id: str, *, tenant: str, filters: Filters, limit: int
    ) -> SearchAnswer:
        """Records that are like one of them: in meaning, or in its rarest words.

        Raises:
            DocumentNotFoundError: no such record in the current build.
        """
        with self._builds.open(base, tenant=tenant) as build:
            number = build.index.number(record_id)
            if number is None:
                raise _no_record(record_id)
            _check_groups(base, build, filters)
            if build.vectors is None:
                found = build.index.similar(record_id, filters, limit=limit)
                return _answer(build, found or Found(), mode="keyword", note=_why_not(build))
            vector = build.vectors.vector(number)
            among = MeaningReader(build.index.connection).allowed("", filters)
            near = build.vectors.nearest(vector, limit=limit + 1, among=among)
            return _nearest(build, [each for each in near if each.number != number], limit=limit)

    def record(self, base: str, record_id: str, *, tenant: str) -> KnowledgeRecord:
        """One record.

        Raises:
            DocumentNotFoundError: no such record in the current build.
        """
        with self._builds.open(base, tenant=tenant) as build:
            span = build.index.span(record_id)
            if span is None:
                raise _no_record(record_id)
            return build.records([span])[0]

    def _meanings(self, build: OpenBuild, query: str, *, filters: Filters) -> Meanings:
        if build.vectors is None or build.embedding is None or build.embedding.facts is None:
            return Meanings(None, _why_not(build))
        if not query.strip():
            return Meanings(None)
        vectors, why = self._questions.embed([query], model=build.embedding.facts.model)
        if vectors is None:
            return Meanings(None, f"Words are compared, not meanings: {why}")
        among = MeaningReader(build.index.connection).allowed(query, filters)
        return Meanings(build.vectors.nearest(vectors[0], limit=CANDIDATES, among=among))


def _why_not(build: OpenBuild) -> str:
    embedding = build.embedding
    if embedding is None:
        return OFF
    if embedding.error is not None:
        return f"Words are compared, not meanings: {embedding.error.detail}"
    return PENDING.format(job=embedding.job_id, state=embedding.state.value)


def _hybrid(
    build: OpenBuild, words: Found, near: Sequence[Near], *, query: str, limit: int
) -> SearchAnswer:
    """Both rankings as one."""
    reader = MeaningReader(build.index.connection)
    by_words = {hit.number: hit for hit in words.hits}
    by_meaning = {each.number: each.similarity for each in near}
    fused = fuse([list(by_words), list(by_meaning)])[:limit]
    others = reader.hits([number for number, _ in fused if number not in by_words])
    hits = [
        _hit(
            by_words.get(number) or others[number],
            score=score,
            similarity=by_meaning.get(number),
            by_words=number in by_words,
        )
        for number, score in fused
    ]
    without_words = sorted(reader.unmatched(build.index.match(query), list(by_meaning)))
    return _with_records(
        build, hits, found=reader.with_others(words, without_words), mode="hybrid", note=None
    )


def _nearest(build: OpenBuild, near: Sequence[Near], *, limit: int) -> SearchAnswer:
    """What is nearest in meaning alone."""
    reader = MeaningReader(build.index.connection)
    shown = near[:limit]
    there = reader.hits([each.number for each in shown])
    hits = [
        _hit(there[each.number], score=each.similarity, similarity=each.similarity, by_words=False)
        for each in shown
    ]
    found = reader.with_others(Found(), [each.number for each in near])
    return _with_records(build, hits, found=found, mode="meaning", note=None)


@dataclass(frozen=True)
class _FoundHit:
    hit: Hit
    score: float
    similarity: float | None
    by_words: bool


def _hit(hit: Hit, *, score: float, similarity: float | None, by_words: bool) -> _FoundHit:
    return _FoundHit(hit=hit, score=score, similarity=similarity, by_words=by_words)


def _answer(build: OpenBuild, found: Found, *, mode: SearchMode, note: str | None) -> SearchAnswer:
    hits = [_hit(hit, score=hit.score, similarity=None, by_words=True) for hit in found.hits]
    return _with_records(build, hits, found=found, mode=mode, note=note)


def _with_records(
    build: OpenBuild,
    hits: Sequence[_FoundHit],
    *,
    found: Found,
    mode: SearchMode,
    note: str | None,
) -> SearchAnswer:
    records = build.records([each.hit.span for each in hits])
    return SearchAnswer(
        mode=mode,
        note=note,
        total=found.total,
        hits=[_shown(each, record) for each, record in zip(hits, records, strict=True)],
        facets=_facets(build, found),
    )


def _shown(each: _FoundHit, record: KnowledgeRecord) -> SearchHit:
    by_meaning = each.similarity is not None
    return SearchHit(
        record=record,
        score=round(each.score, 4),
        similarity=round(each.similarity, 4) if each.similarity is not None else None,
        found_by=[*(["words"] if each.by_words else []), *(["meaning"] if by_meaning else [])],
        snippet=each.hit.snippet,
    )


def _no_record(record_id: str) -> DocumentNotFoundError:
    return DocumentNotFoundError(
        f"There is no record {record_id} in the current build. Search again: its text may have "
        "changed."
    )


def _facets(build: OpenBuild, found: Found) -> dict[str, list[FacetValue]]:
    labels = {"cluster": dict[str, str](), "category": dict[str, str]()}
    if build.labels is not None:
        with open_labels(build.labels) as reader:
            labels = reader.names()
    return {
        name: [
            FacetValue(value=value, count=count, label=labels.get(name, {}).get(value))
            for value, count in values
        ]
        for name, values in found.facets.items()
    }


def _check_groups(base: str, build: OpenBuild, filters: Filters) -> None:
    if build.labels is None and (filters.cluster is not None or filters.category is not None):
        raise NotGroupedError(
            f"{base} has no clusters and no categories yet: search without them, or ask again "
            "when its grouping has ended."
        )
