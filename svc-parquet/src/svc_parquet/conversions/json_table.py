"""JSON objects, one a row, as a table of text columns.

Keys and kinds may change on the last line of a file, so all of it is read before any type is
chosen. That first pass leaves every row as text in a spool beside the result, block by block; the
typed scan then reads the spool, as often as it needs to.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from shared_lib.contracts.conversions import ConversionOptions, Decisions
from svc_parquet.conversions.byte_source import ByteProgress
from svc_parquet.conversions.errors import EmptyFileError, TooManyColumnsError
from svc_parquet.conversions.inference import ColumnKind
from svc_parquet.conversions.json_plain import Form, PlainRows, form_of, texts_of
from svc_parquet.conversions.json_rows import Number, json_text
from svc_parquet.conversions.quarantine import Quarantine
from svc_parquet.conversions.sniffing import Sniffed
from svc_parquet.conversions.text_table import TextColumn, TextTable

MOST_KEYS = 10_000
_SPOOL_NAME = ".rows.unfinished"

Row = dict[str, Any]


class _Absent:
    """Stands for a key that an object does not have."""


_ABSENT = _Absent()
_FORMS: dict[type, Form] = {str: "string", Number: "number", bool: "boolean"}
_KINDS: dict[Form, ColumnKind] = {
    "string": "json_string",
    "number": "json_number",
    "boolean": "json_boolean",
}


@dataclass
class _Key:
    """What is known about a key so far."""

    name: str
    place: int
    forms: set[Form] = field(default_factory=set)
    absent: int = 0
    nulls: int = 0

    @property
    def kind(self) -> ColumnKind:
        if not self.forms:
            return "text"
        return (
            _KINDS.get(next(iter(self.forms)), "json_mixed")
            if len(self.forms) == 1
            else ("json_mixed")
        )


@dataclass(frozen=True)
class _Block:
    """A spooled block: its file and the form in which each of its keys is written."""

    path: Path
    forms: dict[int, Form | None]


class RowPass(Protocol):
    """One pass over the objects of a file; the counter is complete after it."""

    blank_lines: int

    def __iter__(self) -> Iterator[list[Row] | PlainRows]: ...


Reader = Callable[[Quarantine, ByteProgress], RowPass]
"""Begins a pass; rows that cannot be read go to the quarantine."""


class JsonTable(TextTable):
    """A file of JSON objects, or of what is like them, that a reader takes apart.

    Args:
        texts_are: what may be inferred of a key whose values are all texts.
    """

    preparation_passes = 1

    def __init__(
        self,
        path: Path,
        *,
        sniffed: Sniffed,
        reader: Reader,
        options: ConversionOptions,
        sink: Path,
        texts_are: ColumnKind = "json_string",
    ) -> None:
        self._path = path
        self._texts_are = texts_are
        self._sniffed = sniffed
        self._reader = reader
        self._spool = sink / _SPOOL_NAME
        self._blocks: list[_Block] = []
        self._keys: dict[str, _Key] = {}
        self._rows = 0
        self._blank_lines = 0
        self.quarantine = Quarantine(sink, on_bad_rows=options.on_bad_rows)
        self.columns = []

    def prepare(self, *, progress: ByteProgress) -> None:
        """Read all lines into the spool; afterwards every key and its kinds are known."""
        shutil.rmtree(self._spool, ignore_errors=True)
        self._spool.mkdir()
        rows = self._reader(self.quarantine, progress)
        for block in rows:
            self._spool_block(block)
        self._blank_lines = rows.blank_lines
        if not self._keys and not self.quarantine.rows:
            raise EmptyFileError(f"No object in {self._path.name} has a key, so it has no column.")
        self.columns = [
            TextColumn(key.name, kind=self._kind(key), absent=key.absent)
            for key in self._keys.values()
        ]

    def _kind(self, key: _Key) -> ColumnKind:
        return self._texts_are if key.kind == "json_string" else key.kind

    def _spool_block(self, block: list[Row] | PlainRows) -> None:
        rows = block.odd if isinstance(block, PlainRows) else block
        plain = block if isinstance(block, PlainRows) else None
        places = {name: place for place, name in enumerate(plain.keys)} if plain else {}
        self._add_keys(places)
        for row in rows:
            if not row.keys() <= self._keys.keys():
                self._add_keys(row)
        columns: list[pl.Series] = []
        forms: dict[int, Form | None] = {}
        for key in self._keys.values():
            values = [row.get(key.name, _ABSENT) for row in rows]
            if plain is None:
                forms[key.place], texts = self._texts(key, values)
                columns.append(pl.Series(f"c{key.place}", texts, dtype=pl.String))
                continue
            place = places.get(key.name)
            tokens = None if place is None else plain.tokens.to_series(place)
            forms[key.place], series = self._joined(key, tokens, len(plain.at), values)
            columns.append(series.alias(f"c{key.place}"))
        frame = pl.DataFrame(columns)
        if plain is not None and (order := plain.order) is not None:
            frame = frame[order]
        path = self._spool / f"{len(self._blocks):06d}.arrow"
        frame.write_ipc(path, compression="lz4")
        self._blocks.append(_Block(path, forms))
        self._rows += frame.height

    def _joined(
        self, key: _Key, tokens: pl.Series | None, plain: int, values: list[Any]
    ) -> tuple[Form | None, pl.Series]:
        """The texts of the plain rows with those of the odd ones below, and their form."""
        if tokens is None:
            key.absent += plain
            tokens = pl.Series([None], dtype=pl.String).new_from_index(0, plain)
        form = form_of(tokens)
        if form is not None:
            key.forms.add(form)
        present = [None if value is _ABSENT else value for value in values]
        odd, texts = self._texts(key, values)
        if form is not None and odd is not None and odd != form:
            form = odd = "json"
            texts = [None if value is None else json_text(value) for value in present]
        upper = tokens if form is None else texts_of(tokens, form=form)
        lower = pl.Series(texts, dtype=pl.String)
        return form or odd, pl.concat([upper.alias(""), lower.alias("")])

    def _add_keys(self, row: Iterable[str]) -> None:
        for name in row:
            if name not in self._keys:
                self._keys[name] = _Key(name, len(self._keys), absent=self._rows)
        if len(self._keys) > MOST_KEYS:
            raise TooManyColumnsError(
                f"The objects have more than {MOST_KEYS:,} different keys, as when keys are data. "
                "Write them as values, or nest them under one key.",
                field=next(reversed(self._keys)),
            )

    def _texts(self, key: _Key, values: list[Any]) -> tuple[Form | None, list[str | None]]:
        """The values of one key as text, and in which form; null and absent both become None."""
        kinds = set(map(type, values))
        if _Absent in kinds:
            key.absent += values.count(_ABSENT)
            values = [None if value is _ABSENT else value for value in values]
        kinds -= {_Absent, type(None)}
        if not kinds:
            return None, [None] * len(values)
        form = _FORMS.get(next(iter(kinds)), "json") if len(kinds) == 1 else "json"
        key.forms.add(form)
        if form in {"string", "number"}:
            return form, values
        return form, [None if value is None else json_text(value) for value in values]

    def frames(self, *, progress: ByteProgress) -> Iterator[pl.DataFrame]:
        """All rows from the spool, every key in every frame."""
        size = self._path.stat().st_size
        for number, block in enumerate(self._blocks, 1):
            frame = pl.read_ipc(block.path)
            yield frame.select([self._column(key, frame, block) for key in self._keys.values()])
            progress(size * number // len(self._blocks))

    def _column(self, key: _Key, frame: pl.DataFrame, block: _Block) -> pl.Series:
        name = f"c{key.place}"
        if name not in frame.columns:
            return pl.Series(name, [None], dtype=pl.String).new_from_index(0, frame.height)
        series = frame[name]
        if key.kind == "json_mixed" and block.forms.get(key.place) == "string":
            texts = [None if text is None else json_text(text) for text in series]
            return pl.Series(name, texts, dtype=pl.String)
        return series

    def decisions(self) -> Decisions:
        """How the file was read."""
        sniffed = self._sniffed
        notes = [
            *sniffed.notes,
            "a missing key and an explicit null are both null; `absent` counts the missing keys",
        ]
        nested = [key.name for key in self._keys.values() if key.kind == "json_mixed"]
        if nested:
            notes.append(f"kept as JSON text: {', '.join(nested[:20])}")
        return Decisions(
            format=sniffed.format,
            format_reason=sniffed.format_reason,
            compression=sniffed.compression,
            encoding=sniffed.encoding.name,
            encoding_reason=sniffed.encoding.reason,
            blank_lines=self._blank_lines,
            notes=notes,
        )

    def close(self) -> None:
        """Remove the spool."""
        shutil.rmtree(self._spool, ignore_errors=True)
