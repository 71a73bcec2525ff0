"""Landing: the one short transaction that makes a version, its flow and its event."""

from dataclasses import dataclass

from shared_lib.contracts.base import utc_now
from shared_lib.contracts.catalog import VersionPurpose, VersionView
from shared_lib.contracts.conversions import ConversionOptions
from shared_lib.contracts.events import (
    DATASET_VERSION_LANDED,
    DatasetVersionDerived,
    DatasetVersionLanded,
    Event,
    LandedFile,
)
from shared_lib.contracts.ids import IdKind, new_id
from shared_lib.contracts.plans import FlowPlan
from shared_lib.db.engine import ReadView, WriteUnit
from shared_lib.db.pages import KeysetPage
from shared_lib.events import emit
from shared_lib.jobs import Runtime
from svc_ingest.datasets.repository import DatasetRepository
from svc_ingest.datasets.service import Datasets
from svc_ingest.files.models import FileRow
from svc_ingest.files.repository import FileRepository
from svc_ingest.flows.service import Flows, verdicts_of
from svc_ingest.versions.errors import DuplicatePathError, VersionNotFoundError
from svc_ingest.versions.models import VersionRow
from svc_ingest.versions.repository import VersionRepository
from svc_ingest.versions.views import view_version


@dataclass(frozen=True)
class ReceivedFile:
    """Content that is in the store, and the path it takes."""

    path: str
    sha256: str
    bytes: int
    object_key: str


class Versions:
    """The versions of datasets."""

    def __init__(self, runtime: Runtime, *, datasets: Datasets, flows: Flows) -> None:
        self._runtime = runtime
        self._datasets = datasets
        self._flows = flows

    def land(
        self,
        unit: WriteUnit,
        *,
        tenant: str,
        dataset: str,
        files: list[ReceivedFile],
        options: ConversionOptions,
        plan: FlowPlan | None = None,
        purpose: VersionPurpose = "tables",
    ) -> VersionView:
        """Make received files the next version of a dataset, which is made when it is missing.

        Raises:
            DuplicatePathError: two files have the same path.
        """
        _refuse_duplicates(files)
        owner = self._datasets.ensure(unit, tenant=tenant, name=dataset)
        latest = VersionRepository(unit).latest(owner.id)
        version = VersionRepository(unit).add(
            VersionRow(
                id=new_id(IdKind.DATASET_VERSION),
                tenant=tenant,
                dataset_id=owner.id,
                number=latest.number + 1 if latest else 1,
                flow_id=new_id(IdKind.FLOW),
                bytes=sum(file.bytes for file in files),
                created_at=utc_now(),
            )
        )
        rows = [self._add_file(unit, version, file) for file in files]
        self._flows.begin(
            unit, dataset=owner, version=version, files=rows, plan=plan, purpose=purpose
        )
        keys = [file.object_key for file in files]
        landed = [_landed_file(row, key) for row, key in zip(rows, keys, strict=True)]
        told = DatasetVersionLanded(
            dataset_id=owner.id,
            dataset_name=owner.name,
            version_id=version.id,
            version_number=version.number,
            files=landed,
            purpose=purpose,
            options=options,
            plan=plan,
        )
        self._tell(unit, told, version=version)
        return view_version(version, dataset=owner, files=rows)

    def on_derived(self, unit: WriteUnit, event: Event, derived: DatasetVersionDerived) -> None:
        """`dataset_version.derived`: the next version of a dataset will be made from a table."""
        if event.flow_id is None or VersionRepository(unit).get(derived.version_id) is not None:
            return
        owner = self._datasets.ensure(
            unit, tenant=event.tenant, name=derived.dataset_name, id_if_new=derived.dataset_id
        )
        latest = VersionRepository(unit).latest(owner.id)
        version = VersionRepository(unit).add(
            VersionRow(
                id=derived.version_id,
                tenant=event.tenant,
                dataset_id=owner.id,
                number=latest.number + 1 if latest else 1,
                flow_id=event.flow_id,
                bytes=0,
                made_from=derived.source.model_dump(mode="json"),
                created_at=event.occurred_at,
            )
        )
        self._flows.begin(
            unit, dataset=owner, version=version, files=[], plan=None, purpose="tables"
        )
        self._flows.catch_up(unit, event)

    def _add_file(self, unit: WriteUnit, version: VersionRow, file: ReceivedFile) -> FileRow:
        return FileRepository(unit).add(
            FileRow(
                id=new_id(IdKind.FILE),
                tenant=version.tenant,
                version_id=version.id,
                path=file.path,
                sha256=file.sha256,
                bytes=file.bytes,
                created_at=version.created_at,
            )
        )

    def _tell(self, unit: WriteUnit, told: DatasetVersionLanded, *, version: VersionRow) -> None:
        emit(
            unit,
            spec=DATASET_VERSION_LANDED,
            payload=told,
            producer=self._runtime.name,
            tenant=version.tenant,
            flow_id=version.flow_id,
            doorbell=self._runtime.doorbell,
        )

    def page(
        self, view: ReadView, dataset: str, *, tenant: str, limit: int, cursor: str | None
    ) -> KeysetPage[VersionView]:
        """The versions of a dataset, newest first."""
        owner = self._datasets.find(view, dataset, tenant=tenant)
        versions = VersionRepository(view)
        page = versions.page(
            tenant=tenant,
            limit=limit,
            cursor=cursor,
            where=(VersionRow.dataset_id == owner.id,),
        )
        files = versions.files(row.id for row in page.rows)
        verdicts = verdicts_of(view, [row.id for row in page.rows])
        views = [
            view_version(row, dataset=owner, files=files[row.id], verdict=verdicts.get(row.id))
            for row in page.rows
        ]
        return KeysetPage(rows=views, next=page.next)

    def read(self, view: ReadView, version_id: str, *, tenant: str) -> VersionView:
        """One version.

        Raises:
            VersionNotFoundError: no such version in this tenant.
        """
        row = VersionRepository(view).find(version_id, tenant=tenant)
        owner = DatasetRepository(view).find(row.dataset_id, tenant=tenant) if row else None
        if row is None or owner is None:
            raise VersionNotFoundError(
                f"There is no version {version_id}. `fleet dataset show NAME` lists versions."
            )
        files = VersionRepository(view).files([row.id])[row.id]
        verdict = verdicts_of(view, [row.id]).get(row.id)
        return view_version(row, dataset=owner, files=files, verdict=verdict)


def _landed_file(row: FileRow, object_key: str) -> LandedFile:
    return LandedFile(
        file_id=row.id, path=row.path, object_key=object_key, sha256=row.sha256, bytes=row.bytes
    )


def _refuse_duplicates(files: list[ReceivedFile]) -> None:
    seen: set[str] = set()
    for file in files:
        if file.path in seen:
            raise DuplicatePathError(
                f"Two files are called {file.path}. Give one of them another `path`.",
                path=file.path,
            )
        seen.add(file.path)
