"""Tables: what was converted, its statistics and its bytes."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

from datafleet.addresses import address
from datafleet.answers import FORMS, Answered, receive_answer
from datafleet.downloads import Download, Progress, download
from datafleet.models import Preview, Profile, Table
from datafleet.pages import read_items
from datafleet.transport import Transport
from shared_lib.contracts.base import Contract, format_utc
from shared_lib.contracts.conversions import ConversionOptions
from shared_lib.contracts.queries import DEFAULT_ROWS, QueryAnswer, QueryCreate, RowPage
from shared_lib.contracts.tables import (
    ConversionCreate,
    ConversionPreview,
    ConversionView,
    CorrectedRow,
    QuarantineReplay,
    TableVersionView,
)
from shared_lib.contracts.versions import AppendCreate, TableChangeView, TableDiff


class Tables:
    """`/v1/tables`, `/v1/conversions`.

    Every method raises `FleetApiError` when the fleet answers with a problem and
    `UnreachableError` when nobody answers. Without `version` the newest is meant.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, *, dataset: str | None = None, limit: int | None = None) -> Iterator[Table]:
        """Your tables, newest first; those of one dataset by its name or id."""
        params = {"dataset": dataset}
        return read_items(self._transport, "/v1/tables", item=Table, params=params, limit=limit)

    def read(self, table_id: str) -> Table:
        """A table and its newest version."""
        return self._transport.get(address("/v1/tables", table_id), answers=Table)

    def versions(
        self, table_id: str, *, as_of: datetime | None = None, limit: int | None = None
    ) -> Iterator[TableVersionView]:
        """The versions of a table, newest first; those that were there at a moment with a zone."""
        path = address("/v1/tables", table_id, "versions")
        params = {"as_of": format_utc(as_of) if as_of is not None else None}
        return read_items(self._transport, path, item=TableVersionView, params=params, limit=limit)

    def append(
        self,
        table_id: str,
        source_id: str,
        *,
        source_version: int | None = None,
        base_version: int | None = None,
        widen_to_text: bool = False,
    ) -> TableChangeView:
        """Make the next version: these rows, and behind them those of another table's version.

        Wait for its `job_id`, then read the `change`.

        Raises:
            ConflictError: the columns do not fit together; says which and why.
        """
        body = AppendCreate(
            source_table_id=source_id,
            source_version=source_version,
            base_version=base_version,
            widen_to_text=widen_to_text,
        )
        path = address("/v1/tables", table_id, "appends")
        return self._transport.post(path, answers=TableChangeView, body=body)

    def compact(self, table_id: str) -> TableChangeView:
        """Make the next version: the same rows in as few files as can be.

        Raises:
            ConflictError: it is one file already.
        """
        path = address("/v1/tables", table_id, "compactions")
        return self._transport.post(path, answers=TableChangeView, body=Contract())

    def change(self, table_id: str, change_id: str) -> TableChangeView:
        """An append or a compaction: how columns evolved, which files are shared, or its error."""
        path = address("/v1/tables", table_id, "changes", change_id)
        return self._transport.get(path, answers=TableChangeView)

    def diff(self, table_id: str, *, before: int, after: int, key: Sequence[str] = ()) -> TableDiff:
        """What differs between two versions: columns, rows by key or content, statistics."""
        query = urlencode({"before": before, "after": after, "key": key}, doseq=True)
        path = f"{address('/v1/tables', table_id, 'diff')}?{query}"
        return self._transport.get(path, answers=TableDiff)

    def preview(self, table_id: str, *, rows: int = 50, version: int | None = None) -> Preview:
        """The first rows, at most 100."""
        path = address("/v1/tables", table_id, "preview")
        params = {"limit": rows, "version": version}
        return self._transport.get(path, answers=Preview, params=params)

    def profile(self, table_id: str, *, version: int | None = None) -> Profile:
        """The statistics of every column, and why each has its type."""
        path = address("/v1/tables", table_id, "profile")
        return self._transport.get(path, answers=Profile, params={"version": version})

    def download(
        self,
        table_id: str,
        *,
        to: Path | str,
        version: int | None = None,
        part: int | None = None,
        progress: Progress | None = None,
    ) -> Download:
        """The table as a Parquet file, or one of its files when it is made of several.

        Raises:
            ConflictError: the version has several parts, and none was asked for.
            TransferDamagedError: the bytes do not have their digest.
            OSError: the file cannot be written.
        """
        path = address("/v1/tables", table_id, "download")
        params = {"version": version, "part": part}
        return download(self._transport, path, to=Path(to), params=params, progress=progress)

    def download_parts(
        self, table_id: str, *, to: Path | str, version: int | None = None
    ) -> tuple[Download, ...]:
        """All Parquet files of a version as `part-00000.parquet` and on in the folder `to`.

        Parts that an earlier download left there, and that this version has not, are removed.

        Raises:
            TransferDamagedError: the bytes do not have their digest.
            OSError: a file cannot be written.
        """
        folder = Path(to)
        folder.mkdir(parents=True, exist_ok=True)
        found = self._version(table_id, version)
        stale = set(folder.glob("part-*.parquet"))
        done = []
        for number in range(found.parts):
            path = folder / f"part-{number:05}.parquet"
            done.append(self.download(table_id, to=path, version=found.number, part=number))
        for path in stale - {each.path for each in done}:
            path.unlink()
        return tuple(done)

    def _version(self, table_id: str, number: int | None) -> TableVersionView:
        for found in self.versions(table_id):
            if number in (None, found.number):
                return found
        raise LookupError(f"Table {table_id} has no version {number or 'yet'}.")

    def download_quarantine(
        self,
        table_id: str,
        *,
        to: Path | str,
        version: int | None = None,
        progress: Progress | None = None,
    ) -> Download:
        """The rows that could not be read, a JSON object a line: place, reason, raw bytes.

        Raises:
            NotFoundError: nothing was set aside.
            TransferDamagedError: the bytes do not have their digest.
            OSError: the file cannot be written.
        """
        path = address("/v1/tables", table_id, "quarantine")
        params = {"version": version}
        return download(self._transport, path, to=Path(to), params=params, progress=progress)

    def query(
        self, table_id: str, sql: str, *, version: int | None = None, limit: int = DEFAULT_ROWS
    ) -> QueryAnswer:
        """The answer to one SELECT in DuckDB's SQL; the table is called `data`.

        Values that JSON cannot hold exactly are text; `query_to` writes them as they are.

        Raises:
            InvalidRequestError: it is refused, fails, or needs too much; the message says which.
        """
        body = QueryCreate(sql=sql, version=version, limit=limit)
        path = address("/v1/tables", table_id, "query")
        return self._transport.post(path, answers=QueryAnswer, body=body)

    def query_to(
        self,
        table_id: str,
        sql: str,
        *,
        to: Path | str,
        version: int | None = None,
        limit: int = DEFAULT_ROWS,
    ) -> Answered:
        """Write an answer into a file: `.parquet`, `.arrow`, `.csv`, `.jsonl` or `.json`.

        Raises:
            ValueError: the file's ending is none of these.
            OSError: the file cannot be written.
        """
        target = Path(to)
        if target.suffix not in FORMS:
            raise ValueError(f"{target.name} ends in none of {', '.join(FORMS)}.")
        body = QueryCreate(sql=sql, version=version, limit=limit)
        return receive_answer(
            self._transport, address("/v1/tables", table_id, "query"), body=body, to=target
        )

    def rows(
        self,
        table_id: str,
        *,
        offset: int = 0,
        limit: int = 50,
        columns: Sequence[str] = (),
        sort: str | None = None,
        filters: Sequence[str] = (),
        version: int | None = None,
    ) -> RowPage:
        """Rows from any place, at most 1,000.

        Args:
            sort: a column; with `-` before it the greatest first.
            filters: such as `amount:gt:5`, `name:contains:x`, `day:null`; all must hold.
        """
        words = {"offset": offset, "limit": limit, "column": columns, "filter": filters}
        given = words | {"sort": sort, "version": version}
        query = urlencode({k: v for k, v in given.items() if v is not None}, doseq=True)
        path = f"{address('/v1/tables', table_id, 'rows')}?{query}"
        return self._transport.get(path, answers=RowPage)

    def conversion(self, conversion_id: str) -> ConversionView:
        """A conversion: its options, its decisions, its report or its error."""
        path = address("/v1/conversions", conversion_id)
        return self._transport.get(path, answers=ConversionView)

    def conversions(
        self, *, file: str | None = None, limit: int | None = None
    ) -> Iterator[ConversionView]:
        """Your conversions without their reports, newest first; those of one file by its id."""
        params = {"file": file}
        return read_items(
            self._transport, "/v1/conversions", item=ConversionView, params=params, limit=limit
        )

    def convert(self, file_id: str, *, options: ConversionOptions) -> ConversionView:
        """Convert a landed file again, with other options; wait for its `job_id`."""
        body = ConversionCreate(file_id=file_id, options=options)
        return self._transport.post("/v1/conversions", answers=ConversionView, body=body)

    def preview_conversion(
        self, file_id: str, *, options: ConversionOptions | None = None
    ) -> ConversionPreview:
        """What a conversion of a landed file would decide, told from its start; nothing is kept."""
        body = ConversionCreate(file_id=file_id, options=options or ConversionOptions())
        return self._transport.post("/v1/conversions/preview", answers=ConversionPreview, body=body)

    def replay(self, conversion_id: str, *, rows: Mapping[int, str]) -> ConversionView:
        """Convert a file again with rows of its quarantine put right; wait for its `job_id`.

        Args:
            conversion_id: of the conversion that set the rows aside.
            rows: the new text of each row by its `byte` in the quarantine, at most 1,000; an empty
                text drops the row. The others stay in the quarantine.

        Raises:
            ConflictError: it set nothing aside, or its rows cannot be put back.
        """
        body = QuarantineReplay(rows=[CorrectedRow(byte=b, text=t) for b, t in rows.items()])
        path = address("/v1/conversions", conversion_id, "replay")
        return self._transport.post(path, answers=ConversionView, body=body)
