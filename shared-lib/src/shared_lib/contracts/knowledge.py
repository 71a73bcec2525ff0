"""Knowledge bases: what is asked for, what a record is, and what became of every file."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from shared_lib.contracts.base import Contract, UtcTime
from shared_lib.contracts.errors import Problem
from shared_lib.contracts.groups import GroupingView
from shared_lib.contracts.jobs import JobState

Glob = Annotated[str, StringConstraints(min_length=1, max_length=500)]

HIDDEN = [".*", "__pycache__/"]
"""Left out when nothing else is said: hidden files and folders, caches."""


class Selection(Contract):
    """Which files of a folder are read. Patterns are those of `.gitignore`."""

    include: Annotated[list[Glob], Field(max_length=1000)] = Field(
        default=[], description="Only files that match one of these; empty: all."
    )
    exclude: Annotated[list[Glob], Field(max_length=1000)] = Field(
        default=HIDDEN, description="And none that matches one of these."
    )


class BuildOptions(Contract):
    """How documents become records."""

    record_characters: int = Field(
        default=1600, ge=200, le=20_000, description="The longest record."
    )
    rows: Literal["packed", "each"] = Field(
        default="packed",
        description="Rows of tables: as many in a record as fit, or a record a row.",
    )
    columns: Annotated[list[str], Field(max_length=100)] = Field(
        default=[], description="When given, each cell of these columns is a record of its own."
    )
    document_cpu_s: float = Field(
        default=30.0, gt=0, le=3600, description="Processor seconds that one document may take."
    )
    document_memory_bytes: int = Field(
        default=2 * 1024**3, ge=256 * 1024**2, description="Memory that one document may take."
    )


class KnowledgeRecord(Contract):
    """One line of `records.jsonl`: a passage, and where it stands.

    `text` is exactly the characters `char_start` to `char_end` of the document's text.
    """

    id: str = Field(description="Of source, path, text and place among equal texts.")
    document_id: str = Field(description="Of source and path.")
    source: str
    path: str = Field(description="Inside the source, with forward slashes.")
    folder: str = Field(description="The path without the file; empty at the top.")
    subfolders: list[str]
    depth: int = Field(description="How many folders deep; 0 at the top.")
    filename: str
    mime: str
    sha256: str = Field(description="Of the file's bytes.")
    bytes: int
    title: str
    language: str | None = Field(description="ISO 639; null when it cannot be told.")
    page_from: int | None
    page_to: int | None
    section_path: list[str]
    element_type: str
    position: int = Field(description="Among the document's records, from 0.")
    char_start: int
    char_end: int
    tokens: int = Field(description="Words and signs; a model's own tokens are about a third more.")
    text: str
    parser: str
    parser_version: str
    near_duplicate_of: str | None = Field(description="Id of the record that it repeats.")


Fate = Literal["parsed", "skipped", "failed"]


class FileFate(Contract):
    """What became of one file."""

    path: str
    bytes: int
    sha256: str | None
    fate: Fate
    records: int = 0
    pages: int | None = None
    language: str | None = None
    parser: str | None = None
    code: str | None = Field(default=None, description="Why it was skipped or failed.")
    detail: str | None = None
    notes: list[str] = []


class BuildCounts(Contract):
    """`parsed + skipped + failed == found`."""

    found: int
    parsed: int
    skipped: int
    failed: int
    excluded: int = Field(description="Files that the selection left out; not among `found`.")
    bytes: int
    records: int
    near_duplicates: int
    tokens: int


class Manifest(Contract):
    """`manifest.json`: the same for the same files and options, byte for byte."""

    schema_version: int = 1
    source: str
    selection: Selection
    options: BuildOptions
    engines: str
    counts: BuildCounts
    records_sha256: str
    files: list[FileFate]

    def is_read_as(self, options: BuildOptions, engines: str) -> bool:
        """Whether its documents were read as these would be."""
        return (self.options, self.engines) == (options, engines)


class BuildChanges(Contract):
    """What is different from the build before."""

    added: list[str] = []
    changed: list[str] = []
    moved: list[tuple[str, str]] = Field(default=[], description="From where, to where.")
    deleted: list[str] = []
    parsed_now: int = Field(default=0, description="Files that were read and parsed this time.")


class EmbeddingFacts(Contract):
    """The vectors of a build; `embedded_now + reused` is the number of different texts."""

    model: str = Field(description="The model and the hash of its weights.")
    dimensions: int
    records: int
    embedded_now: int
    reused: int


class EmbeddingView(Contract):
    """Where the embedding of a build stands; meanings are searched when it has succeeded."""

    job_id: str
    state: JobState
    facts: EmbeddingFacts | None = None
    error: Problem | None = None


BaseName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]


class FolderSource(Contract):
    """A folder that `FLEET_FOLDERS` allows, on the fleet's machines or in its object store."""

    root: BaseName = Field(description="Name of the allowed folder.")
    path: Annotated[str, StringConstraints(max_length=4000)] = Field(
        default="", description="Inside it, with forward slashes; empty: all of it."
    )

    def shown(self) -> str:
        """As records name it; no dataset has such a name."""
        return f"folder:{self.root}/{self.path}" if self.path else f"folder:{self.root}"


class KnowledgeBaseCreate(Contract):
    """The body of `POST /v1/knowledge-bases`; it reads a dataset or a folder."""

    name: BaseName
    dataset: BaseName | None = Field(
        default=None, description="Name of the dataset whose files are read."
    )
    folder: FolderSource | None = Field(
        default=None, description="The folder of the fleet that is read, instead of a dataset."
    )
    description: Annotated[str, StringConstraints(max_length=2000)] = ""
    selection: Selection = Selection()
    options: BuildOptions = BuildOptions()
    follow: bool = Field(default=True, description="Build when a version of the dataset lands.")

    @model_validator(mode="after")
    def _reads_one(self) -> "KnowledgeBaseCreate":
        if (self.dataset is None) == (self.folder is None):
            raise ValueError("give either a dataset or a folder")
        return self


class BuildView(Contract):
    """One build of a base from one version of its dataset."""

    id: str
    base_id: str
    base_name: str
    number: int
    dataset: str
    version_id: str
    version_number: int
    job_id: str
    flow_id: str | None
    state: JobState
    selection: Selection
    options: BuildOptions
    counts: BuildCounts | None = None
    changes: BuildChanges | None = None
    embedding: EmbeddingView | None = Field(
        default=None, description="Null until the build can be searched, and without embeddings."
    )
    grouping: GroupingView | None = Field(
        default=None, description="Null until the build is embedded."
    )
    error: Problem | None = None
    created_at: UtcTime


class KnowledgeBaseView(Contract):
    """A knowledge base and the build that is searched."""

    id: str
    name: str
    dataset: str = Field(description="Its name, or `folder:` and the folder that is read.")
    folder: FolderSource | None = None
    description: str
    selection: Selection
    options: BuildOptions
    follow: bool
    current_build: BuildView | None = None
    created_at: UtcTime


class KnowledgeBaseDeleted(Contract):
    """What went with a base, or would go."""

    id: str
    name: str
    builds: int
    bytes: int = Field(description="Of its records, indexes and parsed documents.")
    dry_run: bool = Field(description="True: nothing was deleted.")


class BuildCreate(Contract):
    """The body of `POST /v1/knowledge-bases/{base}/builds`; what is left out is as it was."""

    version: str | None = Field(default=None, description="Id; the newest when left out.")
    selection: Selection | None = None
    options: BuildOptions | None = None


class FolderView(Contract):
    """A folder of the tree, with all that is below it; the path of the top is empty."""

    path: str
    files: int
    bytes: int
    selected_files: int
    selected_bytes: int


class TreeView(Contract):
    """The folders of a version of the dataset, or of a folder as it is now, by path."""

    dataset: str
    version_id: str | None
    version_number: int | None
    selection: Selection
    folders: list[FolderView]


class DocumentView(FileFate):
    """A document of the build that is searched."""

    id: str
    folder: str
    mime: str | None = None
    title: str | None = None


SearchMode = Literal["keyword", "meaning", "hybrid"]


class SearchHit(Contract):
    """A record that was found."""

    record: KnowledgeRecord
    score: float = Field(
        description="keyword: BM25; hybrid: reciprocal rank fusion; meaning: cosine. Greater is "
        "better; comparable within one answer only."
    )
    similarity: float | None = Field(
        default=None, description="Cosine of question and record; null when it was not looked at."
    )
    found_by: list[Literal["words", "meaning"]] = ["words"]
    snippet: str = Field(description="The best part of the text; found words in U+2039 and U+203A.")


class FacetValue(Contract):
    """A value that found records have, and how many of them."""

    value: str
    count: int
    label: str | None = Field(default=None, description="Of a cluster or category.")


class SearchAnswer(Contract):
    """What was found, the best first."""

    mode: SearchMode
    note: str | None = Field(default=None, description="What the mode cannot do, and why.")
    total: int = Field(description="Records that have the words, and what is near in meaning.")
    hits: list[SearchHit]
    facets: dict[str, list[FacetValue]] = Field(
        description="`folder`, `mime`, `language`, `element_type`, and `cluster` and `category` "
        "where the base is grouped: the most frequent values."
    )
