"""Records that say nearly the same are told, and others are not."""

import random

from svc_knowledgebase.building.duplicates import NearDuplicates, signature

WORDS = [f"word{number}" for number in range(2000)]


def test_planted_duplicates_are_found_and_no_others() -> None:
    chance = random.Random(7)
    originals = [[chance.choice(WORDS) for _ in range(200)] for _ in range(200)]
    found = NearDuplicates()
    for number, words in enumerate(originals):
        assert found.original_of(f"o{number}", signature(" ".join(words))) is None
    for number, words in enumerate(originals):
        words[chance.randrange(200)] = "changed"
        assert found.original_of(f"d{number}", signature(" ".join(words))) == f"o{number}"


def test_a_text_of_a_few_words_is_never_one() -> None:
    assert signature("only some words") is None
