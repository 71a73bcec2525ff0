"""Near-duplicates: what is found is right, and what is planted is found."""

import random
from itertools import combinations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from svc_parquet.task_datasets.near_duplicates import comparable, find_related, jaccard

WORDS = [
    "anger", "river", "window", "seven", "quiet", "copper", "yellow", "garden", "paper", "winter",
    "music", "bridge", "letter", "cloud", "silver", "doctor", "harbour", "kitchen", "summer",
]  # fmt: skip


def sentences(count: int, *, seed: int) -> list[str]:
    chance = random.Random(seed)
    return [" ".join(chance.choices(WORDS, k=14)) + f" {number}" for number in range(count)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hello, World!", "hello   world"),
        ("\uff26\uff35\uff2c\uff2c width", "full width"),
        ("tea\nat\tfive", "Tea at five."),
    ],
)
def test_case_width_signs_and_spaces_make_no_difference(one: str, other: str) -> None:
    found = comparable(pl.Series([one, other]))
    assert found[0] == found[1]


def test_signs_alone_are_kept_apart() -> None:
    assert comparable(pl.Series([":-)", "!!!"])).to_list() == [":-)", "!!!"]


def test_planted_near_duplicates_are_found_and_nothing_else() -> None:
    plain = sentences(3000, seed=1)
    planted = {}  # some words are too long for the similarity that is asked for
    for number in range(0, 3000, 50):
        words = plain[number].split()
        words[-2] = "changed"
        if jaccard(plain[number], " ".join(words)) >= 0.75:
            planted[number] = len(plain)
        plain.append(" ".join(words))
    texts = comparable(pl.Series(plain))
    related = find_related(texts, similarity=0.75)

    assert len(planted) > 50
    assert {tuple(pair) for pair in related.pairs.tolist()} == set(planted.items())
    for (left, right), share in zip(related.pairs.tolist(), related.similarity, strict=True):
        assert share == pytest.approx(jaccard(texts[left], texts[right]))


@given(
    texts=st.lists(st.text(alphabet="abc é漢", min_size=1, max_size=30), min_size=2, max_size=25),
    similarity=st.sampled_from([0.5, 0.8, 1.0]),
)
def test_what_is_found_is_similar_and_equal_texts_are_always_found(
    texts: list[str], similarity: float
) -> None:
    related = find_related(pl.Series(texts), similarity=similarity)
    found = {tuple(pair) for pair in related.pairs.tolist()}

    assert len(found) == len(related.pairs)
    assert all(left < right for left, right in found)
    assert all(jaccard(texts[a], texts[b]) >= similarity for a, b in found)
    for left, right in combinations(range(len(texts)), 2):
        if texts[left] == texts[right]:
            assert (texts.index(texts[left]), right) in found
