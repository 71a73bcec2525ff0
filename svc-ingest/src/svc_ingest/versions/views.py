"""Versions and files as the API answers them."""

from collections.abc import Iterable

from shared_lib.contracts.catalog import FileView, SourceTable, VersionView
from shared_lib.contracts.verdicts import Verdict
from svc_ingest.datasets.models import DatasetRow
from svc_ingest.files.models import FileRow
from svc_ingest.versions.models import VersionRow


def view_file(row: FileRow) -> FileView:
    """A landed file."""
    return FileView(
        id=row.id, path=row.path, sha256=row.sha256, bytes=row.bytes, created_at=row.created_at
    )


def view_version(
    row: VersionRow,
    *,
    dataset: DatasetRow,
    files: Iterable[FileRow],
    verdict: Verdict | None = None,
) -> VersionView:
    """A version and its files."""
    return VersionView(
        id=row.id,
        dataset_id=row.dataset_id,
        dataset_name=dataset.name,
        number=row.number,
        flow_id=row.flow_id,
        files=[view_file(file) for file in files],
        bytes=row.bytes,
        made_from=SourceTable.model_validate(row.made_from) if row.made_from else None,
        verdict=verdict,
        created_at=row.created_at,
    )
