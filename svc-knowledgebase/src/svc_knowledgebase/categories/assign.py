"""Records to categories, or to none where the best does not lead by enough."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import orjson

from shared_lib.contracts.groups import (
    Category,
    CategoryReport,
    CategoryView,
    Taxonomy,
)
from svc_knowledgebase.categories.judging import Rule, judge
from svc_knowledgebase.categories.prototypes import (
    Doubles,
    Embed,
    Examples,
    fence,
    name_directions,
    prototypes,
)
from svc_knowledgebase.categories.taxonomy import label_records
from svc_knowledgebase.clusters.space import Floats, Ints, unit
from svc_knowledgebase.clusters.terms import telling_terms

CATEGORIES = "categories.json"


@dataclass(frozen=True)
class Categorised:
    """What a build's records are about.

    Attributes:
        taxonomy: that was asked for.
        categories: with how many records each was given.
        rule: by which a record was given its likeliest, or none.
        report: on held-out labelled records; None when too few are labelled.
        assignment: for each record the place of its category, -1 none [n].
        scores: of the likeliest, calibrated [n].
        directions: unit rows [categories, d].
    """

    taxonomy: Taxonomy
    categories: tuple[CategoryView, ...]
    rule: Rule
    report: CategoryReport | None
    assignment: Ints
    scores: Doubles
    directions: Floats

    def to_json(self) -> bytes:
        """As `categories.json`; the same bytes for the same input."""
        ids = [each.id for each in self.categories]
        return orjson.dumps(
            {
                "kind": self.taxonomy.kind,
                "taxonomy": [each.model_dump(mode="json") for each in self.categories],
                "margin": self.rule.margin,
                "sharpness": self.rule.sharpness,
                "floor": self.rule.floor,
                "assignment": [
                    [{"id": ids[place], "score": score}] if place >= 0 else []
                    for place, score in zip(
                        self.assignment.tolist(), np.round(self.scores, 4).tolist(), strict=True
                    )
                ],
                "report": self.report.model_dump(mode="json") if self.report else None,
            }
        )


def assign(
    vectors: Floats,
    taxonomy: Taxonomy,
    embed: Embed,
    *,
    folders: Sequence[Sequence[str]],
    texts: Sequence[str],
    documents: Sequence[str],
    seed: int = 0,
) -> Categorised | None:
    """Give each record the category it is most like, or none; None when there are no categories.

    Args:
        vectors, folders, texts, documents: of the records: unit rows [n, d], folders from the top,
            texts, ids of what they belong to.
        taxonomy: its folders or a list.
        embed: texts to unit rows [n, d], of the same model as `vectors`.
        seed: of what is held out.
    """
    found = label_records(taxonomy, folders, texts)
    if len(found.categories) < 2:
        return None
    rows = unit(np.ascontiguousarray(vectors, dtype=np.float32))
    names = name_directions(found.categories, embed)
    examples = _examples(found.categories, rows, found.labels, documents, embed)
    rule, report = judge(found.categories, names, examples, asked=taxonomy.margin, seed=seed)
    directions = prototypes(names, examples)
    likeness = rows @ directions.T
    # Examples that somebody wrote may be more like their category than any record is.
    rule = replace(rule, floor=min(rule.floor, fence(likeness.max(axis=1, initial=-1))))
    best, scores, _, given = rule.given(likeness)
    assignment = np.where(given, best, -1)
    return Categorised(
        taxonomy=taxonomy,
        categories=_views(found.categories, assignment, texts),
        rule=rule, report=report,
        assignment=assignment,
        scores=scores,
        directions=directions,
    )  # fmt: skip


def _views(
    categories: Sequence[Category], assignment: Ints, texts: Sequence[str]
) -> tuple[CategoryView, ...]:
    terms = telling_terms(texts, assignment, groups=len(categories))
    return tuple(
        CategoryView(
            **each.model_dump(), size=int((assignment == number).sum()), terms=terms[number]
        )
        for number, each in enumerate(categories)
    )


def _examples(
    categories: Sequence[Category],
    rows: Floats,
    labels: Ints,
    documents: Sequence[str],
    embed: Embed,
) -> Examples:
    """The labelled records, and the texts that a list gives as examples, each on its own."""
    inside = labels >= 0
    numbers = np.unique(np.array(documents, dtype=np.str_), return_inverse=True)[1]
    given = [(text, number) for number, each in enumerate(categories) for text in each.examples]
    if not given:
        return Examples(rows[inside], labels[inside], numbers[inside])
    written = unit(embed([text for text, _ in given]))
    start = int(numbers.max(initial=-1)) + 1
    return Examples(
        np.vstack([rows[inside], written]),
        np.concatenate([labels[inside], [number for _, number in given]]),
        np.concatenate([numbers[inside], np.arange(start, start + len(given))]),
    )
