"""Savings: sizes from the rows, reads from the files' footers, money from the prices."""

from itertools import groupby

from shared_lib.contracts.base import utc_now
from shared_lib.contracts.savings import PriceTable, Savings
from shared_lib.db.engine import ReadView, WriteUnit
from shared_lib.jobs.runtime import Runtime
from svc_parquet.queries.service import Queries, Source
from svc_parquet.savings.models import PriceTableRow
from svc_parquet.savings.money import Layout, Stored, say_assumptions, sum_up
from svc_parquet.savings.repository import KeptTable, SavingsRepository

MEASURED_AT_ONCE = 50
"""Tables whose footers are read while somebody waits; the next request goes on with the rest."""


class SavingsService:
    """The savings of all tenants."""

    def __init__(self, runtime: Runtime, *, queries: Queries) -> None:
        self._runtime = runtime
        self._queries = queries

    def prices(self, view: ReadView, *, tenant: str) -> PriceTable:
        """The tenant's prices, or those that nobody has set."""
        row = SavingsRepository(view, tenant=tenant).prices()
        return PriceTable.model_validate(row.prices) if row else PriceTable()

    def set_prices(
        self, unit: WriteUnit, prices: PriceTable, *, tenant: str, subject: str
    ) -> PriceTable:
        """Set the tenant's prices, all of them."""
        SavingsRepository(unit, tenant=tenant).keep_prices(
            PriceTableRow(
                tenant=tenant,
                prices=prices.model_dump(mode="json"),
                changed_by=subject,
                changed_at=utc_now(),
            )
        )
        return prices

    def read(self, *, tenant: str, dataset: str | None) -> Savings:
        """The savings of a tenant, or of one of its datasets by name or id.

        Opens units of its own: between them files are looked at.
        """
        database = self._runtime.database
        with database.read() as view:
            kept = SavingsRepository(view, tenant=tenant)
            prices, tables = self.prices(view, tenant=tenant), kept.tables(dataset=dataset)
            layouts = kept.layouts(table.newest.id for table in tables)
            missing = [t for t in tables if t.newest.id not in layouts][:MEASURED_AT_ONCE]
            sources = [self._queries.source(view, table.newest) for table in missing]
        found = {source.version_id: self._measure(source) for source in sources}
        if found:
            with database.write() as unit:
                for version_id, layout in found.items():
                    SavingsRepository(unit, tenant=tenant).keep_layout(version_id, layout)
        stored = [_stored(table, (layouts | found).get(table.newest.id)) for table in tables]
        return Savings(
            as_of=utc_now(),
            prices=prices,
            assumptions=say_assumptions(prices),
            datasets=[
                sum_up(list(group), prices, dataset=name)
                for name, group in groupby(stored, key=lambda table: table.dataset)
            ],
            total=sum_up(stored, prices, dataset=None),
        )

    def _measure(self, source: Source) -> Layout:
        told = self._queries.layout(source)
        return Layout(
            footers=int(told["footers"]), column=told["column"], filtered=told["filtered"]
        )


def _stored(table: KeptTable, layout: Layout | None) -> Stored:
    return Stored(
        dataset=table.dataset,
        versions=table.versions,
        raw=table.raw,
        parquet=table.parquet,
        newest_raw=table.newest.bytes_in,
        newest_parquet=table.newest.bytes,
        layout=layout,
    )
