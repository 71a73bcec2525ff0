"""What a document gives, whatever it is called and wherever it lies: kept by its content."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from svc_knowledgebase.building import duplicates
from svc_knowledgebase.building.chunking import chunk, document_text
from svc_knowledgebase.building.languages import language_of
from svc_knowledgebase.documents.blocks import DocumentLimits, TableOptions
from svc_knowledgebase.documents.errors import DocumentError, DocumentSkippedError
from svc_knowledgebase.documents.formats import MIME
from svc_knowledgebase.documents.parse import engines, parse_document

if TYPE_CHECKING:
    from shared_lib.contracts.knowledge import BuildOptions

_TOKEN = re.compile(r"\w+|[^\w\s]")
_REPEATING = frozenset({"row", "cell", "navigation"})
"""Kinds whose records look alike by nature; they are no near duplicates of one another."""


class ParsedStore(Protocol):
    """Keeps what documents gave, so that no content is parsed twice."""

    def missing(self, keys: list[str]) -> set[str]:
        """Which of these are not there."""

    def commit(self, batch: dict[str, bytes]) -> None:
        """Keep them; when this returns, a build that is killed goes on behind them."""

    def read(self, key: str) -> bytes:
        """What was kept."""


@dataclass(frozen=True)
class Recipe:
    """Everything besides the bytes that decides what a document gives.

    A child gets it as two texts: models would take it longer to load than a document to parse.

    Attributes:
        asked: the options as JSON.
    """

    asked: str
    record_characters: int
    limits: DocumentLimits
    tables: TableOptions
    engines: str

    @classmethod
    def of(cls, options: "BuildOptions") -> "Recipe":
        """The recipe of a build."""
        return cls.of_text(options.model_dump_json(), f"{engines()} {duplicates.engine()}")

    @classmethod
    def of_text(cls, asked: str, engines: str) -> "Recipe":
        """The same from its options as JSON and the releases of what parses."""
        options = orjson.loads(asked)
        limits = DocumentLimits(
            cpu_s=options["document_cpu_s"], memory_bytes=options["document_memory_bytes"]
        )
        return cls(
            asked=asked,
            record_characters=options["record_characters"],
            limits=limits,
            tables=TableOptions(rows=options["rows"], columns=tuple(options["columns"])),
            engines=engines,
        )

    @property
    def options(self) -> "BuildOptions":
        """What was asked for."""
        from shared_lib.contracts.knowledge import BuildOptions  # noqa: PLC0415 - see above

        return BuildOptions.model_validate_json(self.asked)

    def key(self, path: str, sha256: str) -> str:
        """Names what a document gives: its ending decides too, the rest of its name does not."""
        name = PurePosixPath(path)
        # A name without an ending may be text or hidden; that is all that it decides.
        ending = name.suffix.lower() or ("." if name.name.startswith(".") else "")
        parts = (sha256, ending, self.asked, self.engines)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def parse_to_bytes(name: str, data: bytes, recipe: Recipe) -> bytes:
    """What a document gives, as JSON: its records, or why it has none."""
    try:
        kind, document = parse_document(name, data, limits=recipe.limits, tables=recipe.tables)
    except DocumentError as error:
        return failure_to_bytes(error)
    text = document_text(document.blocks)
    records = [
        {
            "text": piece.text,
            "span": (piece.start, piece.end),
            "kind": piece.kind,
            "section": piece.section,
            "pages": (piece.page_from, piece.page_to),
            "tokens": len(_TOKEN.findall(piece.text)),
            "sketch": None if piece.kind in _REPEATING else duplicates.signature(piece.text),
        }
        for piece in chunk(document.blocks, characters=recipe.record_characters)
    ]
    notes = [*document.notes]
    if document.description:
        notes.append(f"Description: {document.description}")
    return orjson.dumps(
        {
            "fate": "parsed",
            "mime": MIME[kind],
            "title": document.title,
            "language": language_of(_prose(text)),
            "pages": document.pages,
            "parser": document.parser,
            "parser_version": document.parser_version,
            "notes": notes,
            "records": records,
        }
    )


def failure_to_bytes(error: DocumentError) -> bytes:
    """Why a document has no records."""
    fate = "skipped" if isinstance(error, DocumentSkippedError) else "failed"
    return orjson.dumps({"fate": fate, "code": error.code, "detail": error.detail, "records": []})


def load(data: bytes) -> dict[str, Any]:
    """What `parse_to_bytes` gave."""
    loaded: dict[str, Any] = orjson.loads(data)
    return loaded


def _prose(text: str) -> str:
    """From where the language is told: past a title page, where there is enough."""
    middle = min(len(text) // 4, 4000)
    return text[middle : middle + 4000]
