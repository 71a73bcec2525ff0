"""Passes over a text table until every column's type keeps every value.

A pass infers or takes over the types, proves every block, writes it and profiles it. When a value
does not fit, its column is widened and the rest of the file is only surveyed, so that the next
pass starts from types that fit all of it. Usually one pass is enough, with a surprise two.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl

from shared_lib.contracts.conversions import ColumnDecision, TableProfile, Widening
from svc_parquet.conversions.column_types import TEXT, ColumnType, TextType
from svc_parquet.conversions.inference import SAMPLE_ROWS, given_type, infer
from svc_parquet.conversions.lattice import widen
from svc_parquet.conversions.parquet_writer import PartWriter
from svc_parquet.conversions.preview import Preview
from svc_parquet.conversions.text_table import TextTable
from svc_parquet.profiles.table_profiler import TableProfiler

_PATIENT_PASSES = 3
_LONGEST_EXAMPLE = 80

PassProgress = Callable[[int, int], None]
"""Called with the number of the pass (first is 1) and the bytes read in it."""


@dataclass
class _Column:
    """A column on its way to a type."""

    name: str
    type: ColumnType
    given: bool = False
    widening: Widening | None = None


@dataclass(frozen=True)
class Scanned:
    """A finished scan; the writer holds unpublished parts."""

    writer: PartWriter
    profile: TableProfile
    preview: Preview
    empty: pl.DataFrame
    passes: int


class TypedScan:
    """Finds types for a text table and writes it.

    Args:
        schema: types the caller gave, by column name.
        sink: the folder for the parts.
    """

    def __init__(self, table: TextTable, *, schema: dict[str, str], sink: Path) -> None:
        self._table = table
        self._schema = schema
        self._sink = sink
        self._columns: list[_Column] = []
        self._rows = 0

    def run(self, *, progress: PassProgress) -> Scanned:
        """Pass over the table until one pass holds from the first row to the last."""
        number = 1
        while (scanned := self._pass(number, progress=partial(progress, number))) is None:
            number += 1
        return scanned

    def _pass(self, number: int, *, progress: Callable[[int], None]) -> Scanned | None:
        """One pass; None when a column had to be widened after rows were written."""
        writer: PartWriter | None = None
        profiler: TableProfiler | None = None
        preview = Preview()
        holds = True
        self._rows = 0
        try:
            for text in self._table.frames(progress=progress):
                if not text.height:
                    continue
                if not self._columns:
                    self._infer(text)
                typed, widened = self._typed(text, patient=number <= _PATIENT_PASSES)
                holds = holds and not (widened and self._rows)
                self._rows += typed.height
                if not holds:
                    continue
                profiler = profiler or self._profiler(typed)
                profiler.add(typed)
                writer = writer or PartWriter(self._sink, few_values=profiler.few_values())
                writer.write(typed)
                preview.add(typed)
            if not holds:
                return None
            return self._finished(writer, profiler, preview, number)
        except BaseException:
            # Whatever it was: what has been written is abandoned below.
            holds = False
            raise
        finally:
            if not holds and writer is not None:
                writer.abandon()

    def _finished(
        self,
        writer: PartWriter | None,
        profiler: TableProfiler | None,
        preview: Preview,
        number: int,
    ) -> Scanned:
        if not self._columns:
            self._infer(pl.DataFrame(schema={f"c{i}": pl.String for i in range(self._width)}))
        empty = pl.DataFrame(schema={column.name: column.type.dtype for column in self._columns})
        return Scanned(
            writer=writer or PartWriter(self._sink, few_values=set()),
            profile=(profiler or self._profiler(empty)).finish(),
            preview=preview,
            empty=empty,
            passes=number,
        )

    @property
    def _width(self) -> int:
        return len(self._table.columns)

    def _profiler(self, frame: pl.DataFrame) -> TableProfiler:
        names = [column.type.name for column in self._columns]
        return TableProfiler(dict(frame.schema), type_names=names)

    def _infer(self, text: pl.DataFrame) -> None:
        """Take the types from the caller, or from the first rows."""
        sample = text.head(SAMPLE_ROWS)
        for place, column in enumerate(self._table.columns):
            series, wanted = sample.to_series(place), self._schema.get(column.name)
            if wanted is None:
                chosen = infer(series, kind=column.kind)
            else:
                chosen = given_type(wanted, series, column=column.name, kind=column.kind)
            self._columns.append(_Column(column.name, chosen, given=wanted is not None))

    def _typed(self, text: pl.DataFrame, *, patient: bool) -> tuple[pl.DataFrame, bool]:
        """The typed frame of a block, and whether a column had to be widened for it."""
        widened = False
        while True:
            values = text.lazy().select(
                [
                    column.type.parse(pl.col(f"c{place}")).alias(f"v{place}")
                    for place, column in enumerate(self._columns)
                ]
            )
            both = pl.concat([text, values.collect()], how="horizontal")
            failing = [
                place for place in self._unproved(both) if self._misfit(both, place, patient)
            ]
            if not failing:
                names = {f"v{place}": column.name for place, column in enumerate(self._columns)}
                return both.select(list(names)).rename(names), widened
            widened = True

    def _unproved(self, both: pl.DataFrame) -> list[int]:
        """Places of the columns whose quick proof fails on this block."""
        proofs = {
            f"v{place}": column.type.proof(pl.col(f"c{place}"), pl.col(f"v{place}"))
            for place, column in enumerate(self._columns)
            if not isinstance(column.type, TextType)
        }
        if not proofs:
            return []
        row = both.lazy().select(**proofs).collect().row(0, named=True)
        return [int(name[1:]) for name, proved in row.items() if not proved]

    def _misfit(self, both: pl.DataFrame, place: int, patient: bool) -> bool:  # noqa: FBT001 - private
        """Look closely at a column; widen it and answer True when a value really does not fit."""
        column, text = self._columns[place], both[f"c{place}"]
        wrong = column.type.misfits(text, both[f"v{place}"]).arg_true()
        if wrong.is_empty():
            return False
        kind = self._table.columns[place].kind
        wider = widen(column.type, infer(text, kind=kind)) if patient else TEXT
        example = str(text[wrong[0]])
        first = column.widening
        column.widening = Widening(
            column=column.name,
            from_=first.from_ if first else column.type.name,
            to=wider.name,
            reason=first.reason if first else f"a value is no {column.type.name}",
            example=first.example if first else example[:_LONGEST_EXAMPLE],
            row=first.row if first else self._rows + int(wrong[0]) + 1,
        )
        column.type = wider
        return True

    def widened(self) -> list[Widening]:
        """The columns whose first type did not hold."""
        return [column.widening for column in self._columns if column.widening is not None]

    def decisions(self) -> list[ColumnDecision]:
        """The type of each column, and why."""
        return [
            ColumnDecision(
                name=column.name,
                type=column.type.name,
                origin="widened" if column.widening else "given" if column.given else "inferred",
                reason=_reason(column, kind=source.kind),
                format=column.type.spelling,
                source_name=source.source_name,
                absent=source.absent,
            )
            for column, source in zip(self._columns, self._table.columns, strict=True)
        ]


def _reason(column: _Column, *, kind: str) -> str:
    if column.widening is not None:
        widening = column.widening
        return f"{widening.reason}: {widening.example!r} in row {widening.row:,}"
    if kind == "json_mixed":
        return "values of several JSON kinds, kept as JSON text"
    if kind == "cells_mixed":
        return "cells of several kinds, kept as text"
    if kind == "fixed_text":
        return "the file says that they are texts"
    if isinstance(column.type, TextType):
        return "given" if column.given else "no narrower type keeps every value"
    exact = "every value formats back to what was written"
    return f"given, and {exact}" if column.given else exact
