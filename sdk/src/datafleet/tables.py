"""Tables: what was converted, its statistics and its bytes."""

from collections.abc import Iterator
from pathlib import Path

from datafleet.addresses import address
from datafleet.downloads import Download, Progress, download
from datafleet.models import Preview, Profile, Table
from datafleet.pages import read_items
from datafleet.transport import Transport
from shared_lib.contracts.conversions import ConversionOptions
from shared_lib.contracts.tables import ConversionCreate, ConversionView, TableVersionView


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

    def versions(self, table_id: str, *, limit: int | None = None) -> Iterator[TableVersionView]:
        """The versions of a table, newest first."""
        path = address("/v1/tables", table_id, "versions")
        return read_items(self._transport, path, item=TableVersionView, limit=limit)

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
