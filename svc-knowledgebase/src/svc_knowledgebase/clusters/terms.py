"""What a group is about in a few words: c-TF-IDF (Grootendorst 2022, BERTopic, section 3.3)."""

from collections.abc import Sequence

import numpy as np
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, CountVectorizer

from shared_lib.contracts.groups import Term
from svc_knowledgebase.clusters.space import Ints

TERMS = 8
IN_A_LABEL = 3
RECORDS = 400
"""Of each group, evenly through it; more change no term."""
CHARACTERS = 2_000
COMMON = 0.3
"""A word in more of the records than this is a word of the language, not of a group."""
_WORDS = r"(?u)\b[^\W\d_][\w-]*[^\W_]\b"


def telling_terms(
    texts: Sequence[str], labels: Ints, *, groups: int, count: int = TERMS
) -> list[list[Term]]:
    """The terms of each group, the most telling first; none for a group without words.

    A term is a word or two neighbours. Its score in a group is its share of the group's words
    times log(1 + A / f): A words a group has on average, f times the term is in all groups.

    Args:
        texts: of the records.
        labels: the group of each from 0; -1 is none.
        groups: how many there are.
        count: terms of a group at most.
    """
    chosen = [number for group in range(groups) for number in _some(labels, group)]
    if not chosen:
        return [[] for _ in range(groups)]
    counter = CountVectorizer(
        token_pattern=_WORDS,
        ngram_range=(1, 2),
        stop_words=sorted(ENGLISH_STOP_WORDS),
        # Of few records or a single group, a word in many of them is what they are about.
        max_df=COMMON if len(chosen) >= 50 and groups > 2 else 1.0,
        min_df=2 if len(chosen) >= 50 else 1,
        max_features=50_000,
    )
    try:
        counts = counter.fit_transform([texts[number][:CHARACTERS] for number in chosen])
    except ValueError:  # not one word is left: numbers, signs, or only common ones
        return [[] for _ in range(groups)]
    names = counter.get_feature_names_out()
    which = labels[chosen]
    sums = np.vstack(
        [np.asarray(counts[which == group].sum(axis=0)).ravel() for group in range(groups)]
    ).astype(np.float64)
    words = np.maximum(sums.sum(axis=1, keepdims=True), 1)
    scores = sums / words * np.log1p(words.mean() / np.maximum(sums.sum(axis=0), 1))
    return [_best(names, scores[group], count) for group in range(groups)]


def label_of(terms: Sequence[Term], *, otherwise: str) -> str:
    """A name of the first terms."""
    return ", ".join(each.term for each in terms[:IN_A_LABEL]) or otherwise


def _some(labels: Ints, group: int) -> list[int]:
    (members,) = np.nonzero(labels == group)
    if len(members) > RECORDS:
        members = members[np.linspace(0, len(members) - 1, RECORDS).astype(np.int64)]
    return [int(member) for member in members]


def _best(names: Sequence[str], scores: "np.ndarray", count: int) -> list[Term]:
    """The highest. Of a word, its plural, and two words of which it is one, the first says all."""
    order = np.lexsort((np.arange(len(scores)), -scores))
    kept: list[Term] = []
    used: set[str] = set()
    for number in order[: count * 10]:
        words = str(names[number]).split()
        stems = {word.rstrip("s") for word in words}
        if scores[number] <= 0 or len(kept) == count:
            break
        if used.isdisjoint(stems):
            used |= stems
            kept.append(Term(term=" ".join(words), score=round(float(scores[number]), 6)))
    return kept
