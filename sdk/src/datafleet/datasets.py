"""Datasets, their versions and their files."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from datafleet.addresses import address
from datafleet.downloads import Download, Progress, download
from datafleet.models import Dataset
from datafleet.pages import read_items
from datafleet.transport import Transport
from shared_lib.contracts.catalog import (
    DatasetCreate,
    FileView,
    Statistics,
    UploadedPath,
    VersionCreate,
    VersionPurpose,
    VersionView,
)
from shared_lib.contracts.conversions import ConversionOptions


class Datasets:
    """`/v1/datasets`, `/v1/versions`, `/v1/files`, `/v1/statistics`.

    Every method raises `FleetApiError` when the fleet answers with a problem and
    `UnreachableError` when nobody answers.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, *, limit: int | None = None) -> Iterator[Dataset]:
        """Your datasets, newest first."""
        return read_items(self._transport, "/v1/datasets", item=Dataset, limit=limit)

    def read(self, dataset: str) -> Dataset:
        """A dataset by name or id."""
        return self._transport.get(address("/v1/datasets", dataset), answers=Dataset)

    def create(self, name: str, *, description: str = "") -> Dataset:
        """Make an empty dataset; a push makes one by itself."""
        body = DatasetCreate(name=name, description=description)
        return self._transport.post("/v1/datasets", answers=Dataset, body=body)

    def versions(self, dataset: str, *, limit: int | None = None) -> Iterator[VersionView]:
        """The versions of a dataset, newest first."""
        path = address("/v1/datasets", dataset, "versions")
        return read_items(self._transport, path, item=VersionView, limit=limit)

    def version(self, version_id: str) -> VersionView:
        """A version by its id."""
        return self._transport.get(address("/v1/versions", version_id), answers=VersionView)

    def land(
        self,
        dataset: str,
        *,
        uploads: Sequence[UploadedPath],
        options: ConversionOptions | None = None,
        purpose: VersionPurpose = "tables",
    ) -> VersionView:
        """Land received uploads together as the dataset's next version; its flow begins.

        Args:
            dataset: its name; made when there is none.
            uploads: what has been received.
            options: what the conversion cannot tell from the files.
            purpose: `documents` are not converted; the dataset's knowledge bases read them.
        """
        body = VersionCreate(
            uploads=list(uploads), options=options or ConversionOptions(), purpose=purpose
        )
        path = address("/v1/datasets", dataset, "versions")
        return self._transport.post(path, answers=VersionView, body=body)

    def file(self, file_id: str) -> FileView:
        """A landed file."""
        return self._transport.get(address("/v1/files", file_id), answers=FileView)

    def download_file(
        self, file_id: str, *, to: Path | str, progress: Progress | None = None
    ) -> Download:
        """A landed file's bytes, as they came.

        Raises:
            TransferDamagedError: they do not have their digest.
            OSError: the file cannot be written.
        """
        path = address("/v1/files", file_id, "content")
        return download(self._transport, path, to=Path(to), progress=progress)

    def statistics(self) -> Statistics:
        """Exact totals of what landed."""
        return self._transport.get("/v1/statistics", answers=Statistics)
