"""Nothing of a document is lost between its blocks and its records."""

from hypothesis import given, settings
from hypothesis import strategies as st

from svc_knowledgebase.building.chunking import chunk, document_text, spans
from svc_knowledgebase.documents.blocks import Block

TEXTS = (
    st.text(
        st.characters(codec="utf-8", exclude_categories=["Cc"], include_characters="\n"), min_size=1
    )
    .map(str.strip)
    .filter(bool)
)
BLOCKS = st.builds(
    Block,
    text=TEXTS,
    kind=st.sampled_from(["paragraph", "heading", "row"]),
    section=st.sampled_from([(), ("A",), ("A", "B"), ("C",)]),
    page=st.none() | st.integers(1, 9),
    alone=st.booleans(),
)


@settings(max_examples=40)
@given(blocks=st.lists(BLOCKS, max_size=12), characters=st.integers(5, 60))
def test_records_are_the_text_in_order(blocks: list[Block], characters: int) -> None:
    text, end = document_text(blocks), 0
    for piece in chunk(blocks, characters=characters):
        assert piece.text == text[piece.start : piece.end]
        assert len(piece.text) <= characters
        assert piece.text.strip()
        assert piece.start >= end
        assert not text[end : piece.start].strip(), "only space is left out"
        end = piece.end
    assert not text[end:].strip()


@given(text=st.text(), characters=st.integers(1, 40))
def test_cuts_lose_only_space(text: str, characters: int) -> None:
    kept = "".join("".join(text[start:end].split()) for start, end in spans(text, characters))
    assert kept == "".join(text.split())


def pieces(*blocks: Block, characters: int = 100) -> list[str]:
    return [piece.text for piece in chunk(blocks, characters=characters)]


def test_headings_stay_with_what_follows() -> None:
    assert pieces(
        Block("Top", "heading", ("Top",)),
        Block("Sub", "heading", ("Top", "Sub")),
        Block("one", section=("Top", "Sub")),
        Block("two", section=("Top", "Sub")),
        Block("Next", "heading", ("Next",)),
        Block("three", section=("Next",)),
    ) == ["Top\n\nSub\n\none\n\ntwo", "Next\n\nthree"]


def test_rows_may_stand_alone() -> None:
    assert pieces(Block("a", "row", alone=True), Block("b", "row", alone=True)) == ["a", "b"]


def test_long_blocks_are_cut_at_sentences() -> None:
    text = "One sentence here. Another sentence there. And a third of them."
    assert pieces(Block(text), characters=45) == [
        "One sentence here. Another sentence there.",
        "And a third of them.",
    ]
