"""Suites: kept in versions, bound to a dataset, each with its references for drift."""

from typing import TYPE_CHECKING

from shared_lib.contracts.base import utc_now
from shared_lib.contracts.ids import IdKind, new_id
from shared_lib.contracts.quality import SuiteCreate, SuiteInfer, SuiteInferred, SuiteView
from shared_lib.contracts.suites import Suite
from shared_lib.db.engine import ReadView, WriteUnit
from shared_lib.db.pages import KeysetPage
from shared_lib.jobs import JobQueue, Runtime
from svc_quality.requests import INFER
from svc_quality.suites.errors import (
    ForeignReferenceError,
    NothingPublishedError,
    SuiteNotFoundError,
    TableVersionNotKnownError,
)
from svc_quality.suites.models import SuiteRow, SuiteVersionRow
from svc_quality.suites.repository import SuiteRepository
from svc_quality.tables.models import TableVersionRow
from svc_quality.tables.repository import TableVersionRepository

if TYPE_CHECKING:
    from svc_quality.judgements.service import Judgements


class Suites:
    """The suites of all tenants."""

    def __init__(self, runtime: Runtime, *, judgements: "Judgements") -> None:
        self._queue = JobQueue(runtime)
        self._judgements = judgements

    def create(self, unit: WriteUnit, *, tenant: str, body: SuiteCreate) -> SuiteView:
        """Keep the next version of a suite and judge the newest tables by it.

        Raises:
            TableVersionNotKnownError: there is no such reference in this tenant.
            ForeignReferenceError: the reference is of another dataset.
        """
        reference = None
        if body.reference is not None:
            reference = self.table_version(unit, body.reference, tenant=tenant)
        row = self.keep(
            unit,
            tenant=tenant,
            dataset=body.dataset,
            table=body.table,
            suite=body.suite,
            reference=reference,
        )
        return self._view(unit, row)

    def keep(
        self,
        unit: WriteUnit,
        *,
        tenant: str,
        dataset: str,
        table: str | None,
        suite: Suite,
        reference: TableVersionRow | None,
    ) -> SuiteRow:
        """Write a version and ask for the judgements that it makes due.

        Raises:
            ForeignReferenceError: the reference is of another dataset.
        """
        row = self._write(unit, tenant=tenant, dataset=dataset, table=table, suite=suite)
        if reference is not None:
            self._set_reference(unit, row, reference)
        for version in TableVersionRepository(unit).newest_of_each(
            dataset, tenant=tenant, table=table
        ):
            self._judgements.request(unit, suite=row, version=version)
        return row

    def keep_planned(self, unit: WriteUnit, *, suite: Suite, version: TableVersionRow) -> None:
        """Bind a suite that a flow has asked for to the table it was made of, which it refers to.

        Another flow may have made it meanwhile: then that one stays.
        """
        known = SuiteRepository(unit).named(
            suite.name, tenant=version.tenant, dataset=version.dataset_name
        )
        if known is None:
            row = self._write(
                unit,
                tenant=version.tenant,
                dataset=version.dataset_name,
                table=version.table_name,
                suite=suite,
            )
            self._set_reference(unit, row, version)

    def _write(
        self, unit: WriteUnit, *, tenant: str, dataset: str, table: str | None, suite: Suite
    ) -> SuiteRow:
        """The suite with its next version."""
        suites, now = SuiteRepository(unit), utc_now()
        row = suites.named(suite.name, tenant=tenant, dataset=dataset)
        if row is None:
            row = suites.add(
                SuiteRow(
                    id=new_id(IdKind.SUITE),
                    tenant=tenant,
                    name=suite.name,
                    dataset_name=dataset,
                    table_name=table,
                    version=0,
                    created_at=now,
                    changed_at=now,
                )
            )
        row.version, row.changed_at, row.table_name = row.version + 1, now, table
        written = suite.model_dump(mode="json", exclude_unset=True)
        suites.add_version(
            SuiteVersionRow(suite_id=row.id, number=row.version, suite=written, created_at=now)
        )
        return row

    def infer(self, unit: WriteUnit, *, tenant: str, body: SuiteInfer) -> SuiteInferred:
        """Ask for a job that makes a suite of a table version.

        Raises:
            NothingPublishedError: the dataset has no table yet.
            TableVersionNotKnownError: there is no such version in this tenant.
        """
        if body.table_version is not None:
            version = self.table_version(unit, body.table_version, tenant=tenant)
        else:
            newest = TableVersionRepository(unit).newest(body.dataset, tenant=tenant)
            if newest is None:
                raise NothingPublishedError(
                    f"Dataset {body.dataset} has no table yet. Push a good file first: "
                    f"`fleet push FILE --dataset {body.dataset}`."
                )
            version = newest
        job = self._queue.request(
            unit,
            kind=INFER,
            tenant=tenant,
            params={
                "dataset": body.dataset,
                "table_version": version.id,
                "name": body.name,
                "label": body.label,
            },
            subject_id=version.id,
        )
        return SuiteInferred(job_id=job.id)

    def set_reference(
        self, unit: WriteUnit, suite_id: str, *, tenant: str, table_version: str
    ) -> SuiteView:
        """Measure drift against another version from now on.

        Raises:
            SuiteNotFoundError: no such suite in this tenant.
            TableVersionNotKnownError: no such version in this tenant.
            ForeignReferenceError: the version is of another dataset.
        """
        row = self.find(unit, suite_id, tenant=tenant)
        self._set_reference(unit, row, self.table_version(unit, table_version, tenant=tenant))
        return self._view(unit, row)

    def page(
        self, view: ReadView, *, tenant: str, limit: int, cursor: str | None, dataset: str | None
    ) -> KeysetPage[SuiteView]:
        """The tenant's suites, newest first."""
        where = (SuiteRow.dataset_name == dataset,) if dataset else ()
        page = SuiteRepository(view).page(tenant=tenant, limit=limit, cursor=cursor, where=where)
        return KeysetPage(rows=[self._view(view, row) for row in page.rows], next=page.next)

    def read(self, view: ReadView, suite_id: str, *, tenant: str) -> SuiteView:
        """One suite in its newest version.

        Raises:
            SuiteNotFoundError: no such suite in this tenant.
        """
        return self._view(view, self.find(view, suite_id, tenant=tenant))

    def find(self, view: ReadView, suite_id: str, *, tenant: str) -> SuiteRow:
        """The row of a suite.

        Raises:
            SuiteNotFoundError: no such suite in this tenant.
        """
        row = SuiteRepository(view).find(suite_id, tenant=tenant)
        if row is None:
            raise SuiteNotFoundError(
                f"There is no suite {suite_id}. `fleet suite list` shows yours."
            )
        return row

    def table_version(self, view: ReadView, version_id: str, *, tenant: str) -> TableVersionRow:
        """A published version.

        Raises:
            TableVersionNotKnownError: no such version in this tenant.
        """
        row = TableVersionRepository(view).find(version_id, tenant=tenant)
        if row is None:
            raise TableVersionNotKnownError(
                f"There is no table version {version_id}. `fleet table show` has their ids."
            )
        return row

    def _set_reference(self, unit: WriteUnit, row: SuiteRow, version: TableVersionRow) -> None:
        if version.dataset_name != row.dataset_name:
            raise ForeignReferenceError(
                f"{version.id} is a table of {version.dataset_name}; suite {row.name} judges "
                f"{row.dataset_name}."
            )
        SuiteRepository(unit).set_reference(
            row.id, table_id=version.table_id, table_version_id=version.id
        )

    def _view(self, view: ReadView, row: SuiteRow) -> SuiteView:
        suites = SuiteRepository(view)
        return SuiteView(
            id=row.id,
            name=row.name,
            dataset=row.dataset_name,
            table=row.table_name,
            version=row.version,
            suite=Suite.model_validate(suites.version(row.id, row.version).suite),
            references=suites.references(row.id),
            created_at=row.created_at,
            changed_at=row.changed_at,
        )
