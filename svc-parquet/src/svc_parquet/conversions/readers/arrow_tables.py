"""Parquet, Arrow (Feather) and ORC files as typed tables, a batch at a time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc
import pyarrow.orc
import pyarrow.parquet as pq

from shared_lib.contracts.conversions import Compression, Decisions, SourceFormat
from svc_parquet.conversions.byte_source import ByteProgress
from svc_parquet.conversions.errors import DamagedFileError, EmptyFileError
from svc_parquet.conversions.headers import usable_names
from svc_parquet.conversions.quarantine import Quarantine
from svc_parquet.conversions.readers.arrow_columns import ArrowColumn, column_for
from svc_parquet.conversions.typed_table import TypedColumn, TypedTable

_BATCH_ROWS = 65_536
_ARROW_FILE = b"ARROW1"
_MOST_INT64 = 2**63 - 1

_IpcReader = pa.ipc.RecordBatchFileReader | pa.ipc.RecordBatchStreamReader
Batches = Callable[[], Iterator[pa.RecordBatch]]
"""Begins a pass over a file."""


class ArrowTable(TypedTable):
    """A file that pyarrow reads.

    Args:
        told: what the file is, and how it was compressed as a whole.
    """

    preparation_passes = 0

    def __init__(
        self, path: Path, *, told: SourceFormat, compression: Compression, sink: Path
    ) -> None:
        self._path = path
        self._format = told
        self._compression = compression
        self._size = path.stat().st_size
        self.quarantine = Quarantine(sink, on_bad_rows="quarantine")
        self.columns = []
        self._kinds: list[ArrowColumn] = []
        self._notes: list[str] = []

    def prepare(self, *, progress: ByteProgress) -> None:  # noqa: ARG002 - reads the schema alone
        """Read the schema; a column of unsigned integers is looked at for values over 2^63 - 1."""
        with _explained(self._path):
            schema, batches = _OPENERS[self._format](self._path)
            if not len(schema):
                raise EmptyFileError(f"{self._path.name} has no column.")
            beyond = _beyond_int64(schema, batches)
        names: list[str | None] = list(schema.names)
        self._kinds = [
            column_for(field.type, beyond_int64=place in beyond)
            for place, field in enumerate(schema)
        ]
        self.columns = [
            TypedColumn(
                name,
                source_name=None if source == name else source or "",
                type=kind.type,
                reason=kind.reason,
                spelling=kind.spelling,
            )
            for name, source, kind in zip(usable_names(names), names, self._kinds, strict=True)
        ]

    def frames(self, *, progress: ByteProgress) -> Iterator[pl.DataFrame]:
        """All rows, batch by batch."""
        with _explained(self._path):
            _, batches = _OPENERS[self._format](self._path)
            for batch in batches():
                yield pl.DataFrame(
                    [
                        kind.series(column.name, batch.column(place))
                        for place, (column, kind) in enumerate(
                            zip(self.columns, self._kinds, strict=True)
                        )
                    ]
                )
        progress(self._size)

    def decisions(self) -> Decisions:
        """What the file says of itself."""
        return Decisions(
            format=self._format,
            format_reason="the first bytes of the file",
            compression=self._compression,
            encoding="binary",
            encoding_reason="the file says the types of its columns",
            notes=self._notes,
        )


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, FileNotFoundError | PermissionError):
            raise
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DamagedFileError(
            f"{path.name} cannot be read: {first}. Write it again at its source."
        ) from error


def _beyond_int64(schema: pa.Schema, batches: Batches) -> set[int]:
    """Places of the columns of unsigned 64 bit integers that hold a value over 2^63 - 1."""
    places = [
        place for place, field in enumerate(schema) if _values_type(field.type) == pa.uint64()
    ]
    beyond: set[int] = set()
    for batch in batches() if places else ():
        for place in places:
            column = batch.column(place)
            most = pc.max(column.cast(pa.uint64()) if column.type != pa.uint64() else column)
            if most.is_valid and most.as_py() > _MOST_INT64:
                beyond.add(place)
    return beyond


def _values_type(kind: pa.DataType) -> pa.DataType:
    encoded = pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind)
    return kind.value_type if encoded else kind


def _open_parquet(path: Path) -> tuple[pa.Schema, Batches]:
    """Moments of 96 bits (as old Spark wrote them) are read in nanoseconds where those reach."""
    unit = "ns"
    with pq.ParquetFile(path) as file:
        old = [i for i in range(len(file.schema)) if file.schema.column(i).physical_type == "INT96"]
    if old and not _within_nanoseconds(path, old):
        unit = "us"

    def opened() -> pq.ParquetFile:
        return pq.ParquetFile(path, coerce_int96_timestamp_unit=unit, pre_buffer=False)

    def batches() -> Iterator[pa.RecordBatch]:
        with opened() as file:
            yield from file.iter_batches(_BATCH_ROWS)

    with opened() as file:
        return file.schema_arrow, batches


def _within_nanoseconds(path: Path, leaves: list[int]) -> bool:
    """Whether every moment of these columns lies between the years 1678 and 2261."""
    with pq.ParquetFile(path, coerce_int96_timestamp_unit="us", pre_buffer=False) as file:
        names = [file.schema.column(leaf).path.split(".")[0] for leaf in leaves]
        for batch in file.iter_batches(_BATCH_ROWS, columns=names):
            for column in batch.columns:
                if pa.types.is_timestamp(column.type):
                    years = pc.min_max(pc.year(column)).as_py()
                    if (
                        years["min"] is not None
                        and not 1678 <= years["min"] <= years["max"] <= 2261
                    ):
                        return False
    return True


def _open_arrow(path: Path) -> tuple[pa.Schema, Batches]:
    def reader(
        file: pa.NativeFile,
    ) -> pa.ipc.RecordBatchFileReader | pa.ipc.RecordBatchStreamReader:
        if file.read(len(_ARROW_FILE)) == _ARROW_FILE:
            return pa.ipc.open_file(file)
        file.seek(0)
        return pa.ipc.open_stream(file)

    def batches() -> Iterator[pa.RecordBatch]:
        with pa.OSFile(str(path)) as file:
            opened = reader(file)
            if isinstance(opened, pa.ipc.RecordBatchStreamReader):
                yield from opened
            else:
                for number in range(opened.num_record_batches):
                    yield opened.get_batch(number)

    with pa.OSFile(str(path)) as file:
        return reader(file).schema, batches


def _open_orc(path: Path) -> tuple[pa.Schema, Batches]:
    file = pa.orc.ORCFile(str(path))

    def batches() -> Iterator[pa.RecordBatch]:
        for stripe in range(file.nstripes):
            whole = file.read_stripe(stripe)
            for start in range(0, whole.num_rows, _BATCH_ROWS):
                yield whole.slice(start, _BATCH_ROWS)

    return file.schema, batches


_OPENERS: dict[str, Callable[[Path], tuple[pa.Schema, Batches]]] = {
    "parquet": _open_parquet,
    "arrow": _open_arrow,
    "orc": _open_orc,
}
