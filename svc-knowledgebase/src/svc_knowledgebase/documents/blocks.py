"""What every parser gives: the text of a document in reading order, piece by piece."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a document that is one thing: a paragraph, a heading, a row.

    Attributes:
        text: never empty, without spaces at its ends.
        kind: `heading paragraph list_item table code row cell resource note comment header
            footer navigation page message`.
        section: the headings above it, outermost first.
        page: of a PDF, slide of a presentation, counted from 1.
        alone: never joined with its neighbours into one record.
    """

    text: str
    kind: str = "paragraph"
    section: tuple[str, ...] = ()
    page: int | None = None
    alone: bool = False


@dataclass
class ParsedDocument:
    """A whole document.

    Attributes:
        parser: what read it, and in `parser_version` which release.
        notes: what a reader should know, such as pages that are pictures.
    """

    parser: str
    parser_version: str
    title: str | None = None
    description: str | None = None
    blocks: list[Block] = field(default_factory=list)
    pages: int | None = None
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class DocumentLimits:
    """How much one document may cost. Sizes are bytes, times seconds of processor time.

    They bound a child process too, so that a parser which ignores them is ended.
    """

    file_bytes: int = 256 * 1024**2
    unpacked_bytes: int = 512 * 1024**2
    characters: int = 50_000_000
    pages: int = 5_000
    cpu_s: float = 30.0
    memory_bytes: int = 2 * 1024**3


@dataclass(frozen=True)
class TableOptions:
    """How rows of spreadsheets, CSV and JSON lines become records.

    Attributes:
        rows: `packed` puts as many rows into a record as fit, `each` makes one record a row.
        columns: with names of columns each of their cells is a record, and nothing else is.
    """

    rows: str = "packed"
    columns: tuple[str, ...] = ()


class Outline:
    """Keeps track of the headings above the present place."""

    def __init__(self) -> None:
        self._open: list[tuple[int, str]] = []
        self._path: tuple[str, ...] = ()

    def enter(self, level: int, heading: str) -> tuple[str, ...]:
        """Begin a section; the path includes its own heading. Level 1 is the outermost."""
        while self._open and self._open[-1][0] >= level:
            self._open.pop()
        self._open.append((level, " ".join(heading.split())[:200]))
        self._path = tuple(heading for _, heading in self._open)
        return self._path

    @property
    def path(self) -> tuple[str, ...]:
        """The headings above, outermost first."""
        return self._path
