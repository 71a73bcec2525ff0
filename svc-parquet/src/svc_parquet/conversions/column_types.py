"""Column types that prove, value by value, that they keep the text they came from.

Each type parses text and formats the value back. A text is kept when both agree:

- int64, decimal, boolean, date, datetime: the formatted value is the text, character for character
  (a datetime and a boolean also remember how they were spelled);
- float64 and decimals of mixed scale: the formatted value is the same number, compared exactly as
  decimal numbers (1.50 is 1.5; 0.1 is not 0.10000000000000001). An integer spelled `-0` has no
  such number and stays text, and so do `nan`, `inf` and whatever overflows to them.

For dates and microseconds formatting is not run but known: a value has exactly one text of the
fixed shape (four digits, hyphen, two digits, ...), so a text of that shape that parses is the text
the value formats to. The tests compare that shortcut with formatting.

A text that is not kept makes the column's type wrong; it is widened, never rounded.
"""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

import polars as pl

_PLAIN_NUMBER = r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$"
_CSV_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-][0-9]+)?")
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_SURE_LENGTH = 15
"""A decimal number of at most 15 significant digits survives a double (IEEE 754, DBL_DIG)."""

_DATE_SHAPE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_DIGITS = {
    "%Y": "[0-9]{4}",
    "%m": "[0-9]{2}",
    "%d": "[0-9]{2}",
    "%H": "[0-9]{2}",
    "%M": "[0-9]{2}",
    "%S": "[0-5][0-9]",
    "%.3f": r"\.[0-9]{3}",
    "%.6f": r"\.[0-9]{6}",
}

NARROW_DIGITS = 18
WIDE_DIGITS = 38


class ColumnType(ABC):
    """One Parquet type together with the spelling of its values."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The name that people read and that the schema option takes."""

    @property
    @abstractmethod
    def dtype(self) -> pl.DataType:
        """The polars type of the values."""

    @property
    def spelling(self) -> str | None:
        """How the text was written, where the type does not say it."""
        return None

    @abstractmethod
    def parse(self, text: pl.Expr) -> pl.Expr:
        """Values of a text column; null where the text cannot be read."""

    @abstractmethod
    def kept(self, text: pl.Expr, value: pl.Expr) -> pl.Expr:
        """Row by row: is the formatted value the text? Null where either is null."""

    def proof(self, text: pl.Expr, value: pl.Expr) -> pl.Expr:
        """One boolean: every text is kept and no value is missing."""
        return (text.null_count() == value.null_count()) & self.kept(text, value).all()

    def misfits(self, text: pl.Series, value: pl.Series) -> pl.Series:
        """Row by row: True where a text is not kept."""
        pair = pl.DataFrame([text.alias("text"), value.alias("value")])
        kept = self.kept(pl.col("text"), pl.col("value"))
        wrong = pl.col("text").is_not_null() & (pl.col("value").is_null() | ~kept)
        return pair.select(wrong.fill_null(value=False).alias("wrong"))["wrong"]


@dataclass(frozen=True)
class TextType(ColumnType):
    """Text as it came; there is nothing to prove."""

    name = "string"

    @property
    def dtype(self) -> pl.DataType:
        return pl.String()

    def parse(self, text: pl.Expr) -> pl.Expr:
        return text

    def kept(self, text: pl.Expr, value: pl.Expr) -> pl.Expr:  # noqa: ARG002 - same face as others
        return pl.lit(value=True)

    def proof(self, text: pl.Expr, value: pl.Expr) -> pl.Expr:  # noqa: ARG002 - same face as others
        return pl.lit(value=True)


@dataclass(frozen=True)
class IntegerType(ColumnType):
    """Canonical integers of 64 bits: no leading zero, no plus sign, no `-0`."""

    name = "int64"

    @property
    def dtype(self) -> pl.DataType:
        return pl.Int64()

    def parse(self, text: pl.Expr) -> pl.Expr:
        return text.cast(pl.Int64, strict=False)

    def kept(self, text: pl.Expr, value: pl.Expr) -> pl.Expr:
        return value.cast(pl.String) == text


@dataclass(frozen=True)
class DecimalType(ColumnType):
    """Exact decimals. With a uniform scale every digit of the text is kept.

    With `mixed` scales a text may have fewer fraction digits than the column: the same number.
    """

    precision: int
    scale: int
    mixed: bool = False

    @property
    def name(self) -> str:
        return f"decimal({self.precision},{self.scale})"

    @property
    def dtype(self) -> pl.DataType:
        return pl.Decimal(self.precision, self.scale)

    def parse(self, text: pl.Expr) -> pl.Expr:
        return text.cast(pl.Decimal(self.precision, self.scale), strict=False)

    def kept(self, text: pl.Expr, value: pl.Expr) -> pl.Expr:
        if not self.mixed:
            return value.cast(pl.String) == text
        fraction = rf"(?:\.[0-9]{{1,{self.scale}}})?" if self.scale else ""
        same = text.str.contains(rf"^-?(?:0|[1-9][0-9]*){fraction}$")
        return same & ~((value == 0) & text.str.starts_with("-"))


@dataclass(frozen=True)
class FloatType(ColumnType):
    """Doubles whose shortest decimal form is the number that was written.

    `json` accepts every exponent JSON allows; elsewhere an exponent needs its sign, so that a
    code such as `12E5` stays text.
    """

    json: bool = False

    name = "float64"

    @property
    def dtype(self) -> pl.DataType:
        return pl.Float64()

    def parse(self, text: pl.Expr) -> pl.Expr:
        return text.cast(pl.Float64, strict=False)

    def kept(self, text: pl.Expr, value: pl.Expr) -> pl.Expr:
        return (value.cast(pl.String) == text) & value.is_finite()

    def misfits(self, text: pl.Series, value: pl.Series) -> pl.Series:
        """As in the base class, after comparing differently spelled numbers exactly."""
        wrong = super().misfits(text, value)
        rows = wrong.arg_true()
        if rows.is_empty():
            return wrong
        pair = pl.DataFrame([text.gather(rows).alias("text"), value.gather(rows).alias("value")])
        minus_zero = (pl.col("value") == 0) & pl.col("text").str.starts_with("-")
        sure = (
            (pl.col("text").str.len_bytes() <= _SURE_LENGTH)
            & pl.col("text").str.contains(_PLAIN_NUMBER)
            & pl.col("value").is_not_null()
            & ~minus_zero
        )
        unsure = pair.select((~sure).fill_null(value=True).alias("unsure"))["unsure"]
        left = rows.filter(unsure)
        doubtful = pair.filter(unsure)
        pairs = zip(doubtful["text"], doubtful["value"], strict=True)
        bad = left.filter(pl.Series([not self._same(t, v) for t, v in pairs], dtype=pl.Boolean))
        still = pl.repeat(value=False, n=len(text), dtype=pl.Boolean, eager=True)
        return still.scatter(bad, True) if len(bad) else still  # noqa: FBT003 - the value to write

    def _same(self, text: str, value: float | None) -> bool:
        """Whether the shortest form of `value` is exactly the number written in `text`."""
        grammar = _JSON_NUMBER if self.json else _CSV_NUMBER
        if value is None or grammar.fullmatch(text) is None:
            return False
        try:
            written = Decimal(text)
            if written.is_zero() and text.startswith("-"):
                return "." in text and value == 0
            return written == Decimal(repr(value))
        except InvalidOperation:
            return False


@dataclass(frozen=True)
class BooleanType(ColumnType):
    """Two words, spelled the same way throughout the column."""

    true: str = "true"
    false: str = "false"

    name = "boolean"

    @property
    def dtype(self) -> pl.DataType:
        return pl.Boolean()

    @property
    def spelling(self) -> str:
        return f"{self.true}/{self.false}"

    def parse(self, text: pl.Expr) -> pl.Expr:
        return (
            pl.when(text == self.true)
            .then(pl.lit(value=True))
            .when(text == self.false)
            .then(pl.lit(value=False))
        )

    def kept(self, text: pl.Expr, value: pl.Expr) -> pl.Expr:
        return text.is_not_null() & value.is_not_null() | text.is_null()


@dataclass(frozen=True)
class DateType(ColumnType):
    """ISO 8601 calendar dates, YYYY-MM-DD."""

    name = "date"

    @property
    def dtype(self) -> pl.DataType:
        return pl.Date()

    def parse(self, text: pl.Expr) -> pl.Expr:
        return text.str.to_date("%Y-%m-%d", strict=False)

    def kept(self, text: pl.Expr, value: pl.Expr) -> pl.Expr:  # noqa: ARG002 - see the module
        return text.str.contains(_DATE_SHAPE)


@dataclass(frozen=True)
class DatetimeType(ColumnType):
    """Moments in one spelling, with or without a `Z` for UTC.

    Microseconds, or nanoseconds when the text has nine fraction digits.
    """

    pattern: str = "%Y-%m-%d %H:%M:%S"

    @property
    def name(self) -> str:
        return "datetime"

    @property
    def spelling(self) -> str:
        return self.pattern

    @property
    def _unit(self) -> "pl.datatypes.TimeUnit":  # type: ignore[name-defined]
        return "ns" if "%.9f" in self.pattern else "us"

    @property
    def _zone(self) -> str | None:
        return "UTC" if self.pattern.endswith("Z") else None

    @property
    def dtype(self) -> pl.DataType:
        return pl.Datetime(self._unit, self._zone)

    def parse(self, text: pl.Expr) -> pl.Expr:
        return text.str.to_datetime(
            self.pattern, strict=False, time_unit=self._unit, time_zone=self._zone
        )

    def kept(self, text: pl.Expr, value: pl.Expr) -> pl.Expr:
        if self._unit == "ns":  # years far away overflow silently: look at the value itself
            return value.dt.to_string(self.pattern) == text
        return text.str.contains(self._shape)

    @property
    def _shape(self) -> str:
        """The only texts that a value of this pattern formats to (a leap second is none)."""
        shape = self.pattern
        for directive, digits in _DIGITS.items():
            shape = shape.replace(directive, digits)
        return f"^{shape}$"


TEXT = TextType()
INTEGER = IntegerType()
DATE = DateType()
