"""Blocks to records: what belongs together stays together, and no character is lost."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from svc_knowledgebase.documents.blocks import Block

BETWEEN = "\n\n"
"""What stands between two blocks in the text of a document."""

_BREAKS = (re.compile(r"\n{2,}"), re.compile(r"\n"), re.compile(r"[.!?;:]\s"), re.compile(r"\s"))


@dataclass(frozen=True, slots=True)
class Chunk:
    """A span of a document's text: `text == document[start:end]`."""

    text: str
    start: int
    end: int
    kind: str
    section: tuple[str, ...]
    page_from: int | None
    page_to: int | None


def document_text(blocks: Sequence[Block]) -> str:
    """The text that spans refer to."""
    return BETWEEN.join(block.text for block in blocks)


def chunk(blocks: Sequence[Block], *, characters: int) -> Iterator[Chunk]:
    """Chunks of at most `characters`, in order; all but the space between them is in one.

    Neighbours of one section are joined while they fit; a heading begins a new chunk; a block
    that is too long is cut at the end of a paragraph, a line, a sentence or a word.
    """
    group: list[tuple[int, Block]] = []
    length = position = 0
    for block in blocks:
        fits = group and length + len(BETWEEN) + len(block.text) <= characters
        if group and not (fits and _belongs(group[-1][1], block)):
            yield from _close(group, characters)
            group, length = [], 0
        length += len(block.text) + (len(BETWEEN) if group else 0)
        group.append((position, block))
        position += len(block.text) + len(BETWEEN)
    if group:
        yield from _close(group, characters)


def _belongs(last: Block, block: Block) -> bool:
    if last.alone or block.alone:
        return False
    if last.kind == "heading":
        # Headings stay with what follows: the first text below them, or a heading deeper down.
        return block.section[: len(last.section)] == last.section
    return block.kind != "heading" and block.section == last.section


def _close(group: list[tuple[int, Block]], characters: int) -> Iterator[Chunk]:
    first, last = group[0][1], group[-1][1]
    kinds = {block.kind for _, block in group} - {"heading"}
    kind = (kinds or {"heading"}).pop() if len(kinds) < 2 else "text"
    start = group[0][0]
    text = BETWEEN.join(block.text for _, block in group)
    for begin, end in spans(text, characters):
        yield Chunk(
            text=text[begin:end],
            start=start + begin,
            end=start + end,
            kind=kind,
            section=last.section,
            page_from=first.page,
            page_to=last.page,
        )


def spans(text: str, characters: int) -> Iterator[tuple[int, int]]:
    """Where to cut a text: spans of at most `characters`; what lies between them is space."""
    begin = 0
    while len(text) - begin > characters:
        cut = _cut(text, begin, begin + characters)
        end = begin + len(text[begin:cut].rstrip())
        if end > begin:
            yield begin, end
        begin = cut
        while begin < len(text) and text[begin].isspace():
            begin += 1
    if text[begin:].strip():
        yield begin, len(text)


def _cut(text: str, begin: int, limit: int) -> int:
    """The last good place to cut before `limit`, and not in the first half."""
    for pattern in _BREAKS:
        ends = [found.end() for found in pattern.finditer(text, (begin + limit) // 2, limit)]
        if ends:
            return ends[-1]
    return limit
