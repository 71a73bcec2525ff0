"""Markdown, plain text and RTF: paragraphs by blank lines, headings by their marks."""

import re

from svc_knowledgebase.documents.blocks import Block, DocumentLimits, Outline, ParsedDocument
from svc_knowledgebase.documents.errors import DamagedDocumentError
from svc_knowledgebase.documents.releases import release
from svc_knowledgebase.documents.texts import decode, tidy

_HASHES = re.compile(r"(#{1,6})[ \t]+(.+?)[ \t]*#*$")
_UNDERLINE = re.compile(r"([=\-~^*+#\"'`.:_])\1{2,}[ \t]*$")
_FENCE = re.compile(r"[ ]{0,3}(`{3,}|~{3,})")
_ITEM = re.compile(r"[ \t]*(?:[-*+\u2022]|\d{1,3}[.)])[ \t]+\S")


def parse_text(data: bytes, _limits: DocumentLimits, *, markdown: bool) -> ParsedDocument:
    """Plain text; with `markdown` also headings by `#` and fenced code."""
    text, notes = decode(data)
    parser = "datafleet-markdown" if markdown else "datafleet-text"
    document = ParsedDocument(parser=parser, parser_version="1", notes=notes)
    document.blocks = _blocks(tidy(text).split("\n"), markdown=markdown)
    document.title = _title(document)
    return document


def parse_rtf(data: bytes, _limits: DocumentLimits) -> ParsedDocument:
    """RTF by striprtf; its paragraphs are lines.

    Raises:
        DamagedDocumentError: it is not well formed.
    """
    from striprtf.striprtf import rtf_to_text  # noqa: PLC0415 - each child loads what it meets

    try:
        # It has no types.
        text: str = rtf_to_text(data.decode("latin-1"), errors="replace")  # type: ignore[no-untyped-call]
    except (ValueError, IndexError, LookupError) as error:
        raise DamagedDocumentError(f"It is not well-formed RTF: {error}.") from error
    lines = [line.strip() for line in tidy(text).split("\n")]
    return ParsedDocument(
        parser="striprtf",
        parser_version=release("striprtf"),
        blocks=[Block(text=line) for line in lines if line],
    )


def _title(document: ParsedDocument) -> str | None:
    headings = (block.text for block in document.blocks if block.kind == "heading")
    return next(headings, None)


def _blocks(lines: list[str], *, markdown: bool) -> list[Block]:
    outline, blocks, levels = Outline(), [], dict[str, int]()
    paragraph: list[str] = []
    fence = ""

    def end() -> None:
        text = "\n".join(paragraph).strip()
        if text:
            kind = "list_item" if _ITEM.match(text) else "paragraph"
            blocks.append(Block(text=text, kind="code" if fence else kind, section=outline.path))
        paragraph.clear()

    def enter(level: int, heading: str) -> None:
        end()
        path = outline.enter(level, heading)
        blocks.append(Block(text=heading, kind="heading", section=path))

    for line in lines:
        opened = _FENCE.match(line) if markdown else None
        hashes = _HASHES.match(line) if markdown and not fence else None
        if fence:
            paragraph.append(line)
            if opened and opened[1].startswith(fence) and not line.strip(" `~"):
                end()
                fence = ""
        elif opened:
            end()
            fence = opened[1]
            paragraph.append(line)
        elif hashes:
            enter(len(hashes[1]), hashes[2])
        elif _underlines(line, paragraph):
            heading = paragraph.pop().strip()
            enter(levels.setdefault(line[0], len(levels) + 1), heading)
        elif line.strip():
            paragraph.append(line.rstrip())
        else:
            end()
    end()
    return blocks


def _underlines(line: str, paragraph: list[str]) -> bool:
    """Whether the line makes the one before it a heading, as in reStructuredText."""
    if len(paragraph) != 1 or not _UNDERLINE.match(line):
        return False
    above = paragraph[0].strip()
    return len(line.rstrip()) >= len(above) * 0.9 and 0 < len(above) <= 120 and "|" not in above
