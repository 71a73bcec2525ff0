"""What a conversion is asked (`ConversionOptions`) and what it answers (`ConversionReport`).

Every value in here survives JSON. Where JSON cannot hold a number exactly (a decimal, an integer
beyond 2^53, a non-finite float) or has no type for it (a date), the value is its exact text.
"""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator

from shared_lib.contracts.base import Contract

TextFormat = Literal["csv", "tsv", "jsonl", "json"]
SourceFormat = Literal[
    "csv", "tsv", "jsonl", "json", "parquet", "arrow", "orc", "avro",
    "xlsx", "xlsm", "xlsb", "xls", "ods", "html", "xml", "pdf",
]  # fmt: skip
Compression = Literal["none", "gzip", "bzip2", "zstd", "xz"]
OnBadRows = Literal["quarantine", "fail"]
Scalar = int | float | str | bool | None
"""A value as JSON holds it: exact, or its text."""

DEFAULT_MAX_ROW_BYTES = 16 * 1024 * 1024
DEFAULT_MAX_DECOMPRESSED_BYTES = 200 * 1024**3
DEFAULT_MAX_DECOMPRESSION_RATIO = 1100
"""Deflate itself ends near 1032 : 1, so one honest member cannot pass this."""


class ConversionOptions(Contract):
    """What the caller knows better than the file shows. Every field may be left out.

    A field that is given is obeyed; a field that is left out is told from the file and the
    decision is written into the report and into the Parquet metadata.
    """

    format: TextFormat | None = Field(default=None, description="Left out: told from the bytes.")
    encoding: str | None = Field(
        default=None,
        max_length=40,
        description="A Python codec name such as `cp1252`. Left out: byte order mark, then strict "
        "UTF-8; a single-byte encoding is never guessed.",
    )
    delimiter: Annotated[str, StringConstraints(min_length=1, max_length=1)] | None = Field(
        default=None, description="One ASCII character; left out: comma, semicolon, tab or pipe."
    )
    header: bool | None = Field(
        default=None, description="Whether the first row names the columns. Left out: told."
    )
    sheets: list[str] | None = Field(
        default=None,
        max_length=1000,
        description="Sheets of a workbook to convert, by name. Left out: all of them.",
    )
    null_values: list[str] = Field(
        default=[""],
        max_length=20,
        description='Texts that mean "no value". `""` in the default stands for the unquoted '
        "empty field only: a quoted empty field stays an empty string.",
    )
    quoted_empty_is_null: bool = Field(
        default=False,
        description="Read a quoted empty field as no value too, for files that quote every field.",
    )
    schema_: dict[str, str] | None = Field(
        default=None,
        alias="schema",
        max_length=10_000,
        description="Column name to type: string, int64, float64, decimal(p,s), boolean, date, "
        "datetime. Like an inferred type it is proved; a value that does not fit widens the "
        "column and the report says so.",
    )
    on_bad_rows: OnBadRows = Field(
        default="quarantine", description="Set bad rows aside, or fail at the first of them."
    )
    max_row_bytes: int = Field(default=DEFAULT_MAX_ROW_BYTES, ge=1024, le=256 * 1024 * 1024)
    max_decompressed_bytes: int = Field(default=DEFAULT_MAX_DECOMPRESSED_BYTES, ge=1)
    max_decompression_ratio: int = Field(default=DEFAULT_MAX_DECOMPRESSION_RATIO, ge=1)

    @field_validator("delimiter")
    @classmethod
    def _delimiter_is_plain(cls, value: str | None) -> str | None:
        if value is not None and (not value.isascii() or value in '"\r\n\x00'):
            raise ValueError("one ASCII character that is no quote, line end or NUL")
        return value


TypeOrigin = Literal["inferred", "widened", "given"]


class ColumnDecision(Contract):
    """Which type a column has, and why.

    `format` is how the text was spelled where the type alone does not say it: a datetime pattern
    such as `%Y-%m-%d %H:%M:%S`, or the two words of a boolean.
    """

    name: str
    type: str
    origin: TypeOrigin
    reason: str
    format: str | None = None
    source_name: str | None = Field(
        default=None, description="The name in the file, where it had to be changed."
    )
    absent: int | None = Field(
        default=None, description="JSON only: rows in which the key was missing (stored as null)."
    )


class Decisions(Contract):
    """How the file was read: each choice and how it was told. Also kept in the Parquet metadata."""

    format: SourceFormat
    format_reason: str
    compression: Compression
    encoding: str
    encoding_reason: str
    delimiter: str | None = None
    delimiter_reason: str | None = None
    quote: str | None = None
    header: bool | None = None
    header_reason: str | None = None
    newline: Literal["lf", "crlf", "cr", "mixed"] | None = None
    null_values: list[str] = []
    blank_lines: int = Field(default=0, description="Lines without any character; they hold no row")
    notes: list[str] = []
    columns: list[ColumnDecision] = []


class Quantile(Contract):
    """The value below which the share `q` of the non-null values lies."""

    q: float
    value: Scalar


class ValueCount(Contract):
    """A value and how often it occurs."""

    value: Scalar
    count: int


class HistogramBin(Contract):
    """Values in [low, high); the last bin holds its upper end too."""

    low: Scalar
    high: Scalar
    count: int


class LengthStatistics(Contract):
    """Lengths of text in characters."""

    min: int
    mean: float
    max: int


MeaningKind = Literal[
    "id",
    "category",
    "date",
    "email",
    "url",
    "free_text",
    "phone",
    "iban",
    "card",
    "ip",
    "personal",
]


class ColumnMeaning(Contract):
    """What a column is about: a guess for people, with its reason."""

    kind: MeaningKind
    personal: bool = Field(default=False, description="Likely data about a person.")
    reason: str


class ColumnProfile(Contract):
    """The statistics of one column. Counts are exact; what is estimated says so."""

    name: str
    type: str
    nulls: int
    distinct: int | None
    distinct_exact: bool
    min: Scalar = None
    max: Scalar = None
    mean: float | None = None
    deviation: float | None = Field(default=None, description="Sample standard deviation (n - 1).")
    quantiles: list[Quantile] = []
    quantiles_exact: bool = True
    top: list[ValueCount] = Field(default=[], description="Most frequent values, at most 10.")
    top_exact: bool = True
    histogram: list[HistogramBin] = Field(default=[], max_length=20)
    lengths: LengthStatistics | None = None
    meaning: ColumnMeaning | None = None


class TableProfile(Contract):
    """The statistics of a table."""

    rows: int
    columns: list[ColumnProfile]
    sample_rows: int = Field(
        description="Rows behind the figures that are not exact (systematic sample)."
    )


class QuarantinePlace(Contract):
    """Where a row that could not be read lies. `byte` counts in the decompressed file."""

    line: int = Field(description="The line the row starts on; the first line is 1.")
    byte: int = Field(description="Offset of the row's first byte; the first byte is 0.")
    reason: str


class QuarantineSummary(Contract):
    """Rows set aside: all of them are in `quarantine.jsonl`, byte for byte."""

    rows: int = 0
    bytes: int = 0
    reasons: dict[str, int] = {}
    first: list[QuarantinePlace] = Field(default=[], description="The first 20.")
    file: str | None = None


class Widening(Contract):
    """A column whose inferred type did not hold for every row."""

    column: str
    from_: str = Field(alias="from")
    to: str
    reason: str
    example: str | None = Field(default=None, description="The value that did not fit, shortened.")
    row: int | None = Field(default=None, description="Its row; the first row of data is 1.")


class Part(Contract):
    """One Parquet file of the result."""

    name: str
    rows: int
    bytes: int
    sha256: str


class TableSource(Contract):
    """Where a table was found, when it is not the whole of a file.

    `name` is what the file calls it: a sheet, a key of a JSON document. `path` is the way to its
    file inside an archive or a folder, whose tree `folder` and `subfolders` keep.
    """

    name: str | None = None
    path: str | None = None
    folder: str | None = Field(default=None, description="The first folder on the way.")
    subfolders: list[str] = Field(default=[], description="The folders below that one, in order.")
    hidden: bool = Field(default=False, description="A sheet that the workbook does not show.")


class NotConverted(Contract):
    """A part of a file that gave no table, and why."""

    source: TableSource
    code: str
    reason: str


class ConversionReport(Contract):
    """Everything that is worth knowing about a finished conversion of one table."""

    source: TableSource = TableSource()
    rows: int
    columns: int
    bytes_in: int
    bytes_out: int
    decisions: Decisions
    widened: list[Widening] = []
    quarantine: QuarantineSummary = QuarantineSummary()
    profile: TableProfile
    parts: list[Part]
    preview: str = Field(default="preview.json", description="Name of the preview's file.")
    passes: int = Field(default=1, description="How often the file was read; widening adds one.")


class ConvertedTable(Contract):
    """A table that came out of a file, and the folder of its results below the sink."""

    folder: str
    report: ConversionReport


class FileReport(Contract):
    """What became of a whole file: its tables, and what gave none."""

    tables: list[ConvertedTable]
    not_converted: list[NotConverted] = []
