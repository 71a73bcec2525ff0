"""HTML by selectolax (Lexbor): all text in order, scripts and styles left out, headings kept.

What a site repeats on every page (navigation, header, footer) stays, as blocks of that kind.
"""

import re
from typing import Any

from svc_knowledgebase.documents.blocks import Block, DocumentLimits, Outline, ParsedDocument
from svc_knowledgebase.documents.releases import release
from svc_knowledgebase.documents.texts import decode, tidy

_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]+)", re.IGNORECASE)
_XML_ENCODING = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9_.-]+)")
_LEFT_OUT = frozenset({"script", "style", "template", "head", "-comment", "_comment", "!doctype"})
_KINDS = {
    **{f"h{level}": "heading" for level in range(1, 7)},
    "li": "list_item",
    "pre": "code",
    "tr": "row",
}
_LEVELS = {f"h{level}": level for level in range(1, 7)}
_AROUND = {"nav": "navigation", "header": "header", "footer": "footer", "aside": "navigation"}
_BLOCKS = {
    *("address", "article", "blockquote", "body", "caption", "center", "dd", "details", "dialog"),
    *("dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "form", "hr", "html", "legend"),
    *("main", "menu", "ol", "option", "p", "section", "summary", "table", "tbody", "tfoot"),
    *("thead", "ul", "video"),
    *_KINDS,
    *_AROUND,
}
_CELLS = frozenset({"td", "th"})


def parse_html(data: bytes, _limits: DocumentLimits) -> ParsedDocument:
    """A page of HTML or XHTML, however broken; the parser mends it as browsers do."""
    from selectolax.lexbor import LexborHTMLParser  # noqa: PLC0415 - each child loads what it meets

    declared = _CHARSET.search(data[:4096]) or _XML_ENCODING.search(data[:200])
    text, notes = decode(data, declared=declared[1].decode("ascii") if declared else None)
    tree = LexborHTMLParser(text)
    document = ParsedDocument(parser="selectolax", parser_version=release("selectolax"))
    document.notes = notes
    title = tree.css_first("title")
    document.title = " ".join(title.text().split()) or None if title is not None else None
    if tree.body is not None:
        document.blocks = _Reader().read(tree.body)
    return document


class _Reader:
    """Walks the tree in document order without recursion, however deep it is nested."""

    def __init__(self) -> None:
        self._outline = Outline()
        self._blocks: list[Block] = []
        self._pieces: list[str] = []
        self._around: list[str] = []
        self._pre = 0

    def read(self, body: Any) -> list[Block]:
        """The blocks below an element."""
        node: Any = body
        while True:
            tag = node.tag
            child = None if tag in _LEFT_OUT else self._enter(node, tag)
            if child is not None:
                node = child
                continue
            while node.next is None or node.mem_id == body.mem_id:
                self._leave(node.tag)
                if node.mem_id == body.mem_id:
                    self._end("paragraph")
                    return self._blocks
                node = node.parent
            self._leave(node.tag)
            node = node.next

    def _enter(self, node: Any, tag: str) -> Any:
        if tag == "-text":
            self._pieces.append(node.text_content or "")
            return None
        if tag == "br":
            self._pieces.append("\n" if self._pre else " ")
        elif tag in _BLOCKS:
            self._end("paragraph")
            self._pre += tag == "pre"
            if tag in _AROUND:
                self._around.append(_AROUND[tag])
        return node.child

    def _leave(self, tag: str) -> None:
        if tag in _CELLS:
            self._pieces.append(" | ")
        elif tag in _BLOCKS:
            self._end(_KINDS.get(tag, "paragraph"), level=_LEVELS.get(tag, 0))
            self._pre -= tag == "pre"
            if tag in _AROUND and self._around:
                self._around.pop()

    def _end(self, kind: str, *, level: int = 0) -> None:
        if not self._pieces:
            return
        text = "".join(self._pieces)
        self._pieces.clear()
        if text.isspace():
            return
        text = tidy(text)
        text = text.strip("\n") if self._pre else " ".join(text.split())
        if kind == "row" or text.endswith("|"):
            text = text.strip(" |")
        if not text or text.isspace():
            return
        if level:
            self._outline.enter(level, text)
        around = self._around[-1] if self._around else kind
        self._blocks.append(Block(text=text, kind=around, section=self._outline.path))
