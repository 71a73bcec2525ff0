"""A key's text: made, read, and refused when one letter of it is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.keys.codec import make_key, parse_key
from gateway.keys.errors import KeyMalformedError


@given(st.from_regex(r"\A[a-z0-9]{2,12}\Z"))
def test_what_is_made_is_read(environment: str) -> None:
    made = make_key(environment)

    assert parse_key(made.text) == made
    assert made.text.startswith(f"fleet_{environment}_")
    assert made.id.startswith("key_")


@given(st.data())
def test_one_wrong_letter_is_noticed_without_a_database(data: st.DataObject) -> None:
    text = make_key("live").text
    place = data.draw(st.integers(min_value=0, max_value=len(text) - 1))
    letter = data.draw(st.characters(codec="latin-1"))
    if text[place] == letter:
        return

    with pytest.raises(KeyMalformedError):
        parse_key(text[:place] + letter + text[place + 1 :])


@given(st.integers(min_value=1, max_value=90))
def test_a_key_that_was_cut_is_noticed(cut: int) -> None:
    text = make_key("live").text
    for part in (text[:-cut], text[cut:]):
        with pytest.raises(KeyMalformedError):
            parse_key(part)


@given(st.text(max_size=120))
def test_no_other_text_is_a_key(text: str) -> None:
    with pytest.raises(KeyMalformedError):
        parse_key(text)


def test_keys_differ() -> None:
    assert len({make_key("live").text for _ in range(200)}) == 200
