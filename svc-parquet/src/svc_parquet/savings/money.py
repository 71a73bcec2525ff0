"""From bytes and prices to money. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared_lib.contracts.savings import BeforeAfter, DatasetSavings, Money, PriceTable, QueryBytes

GB, TB = 10**9, 10**12


@dataclass(frozen=True)
class Layout:
    """What a query on a table version reads, by its Parquet footers; bytes.

    Attributes:
        footers: of all parts: enough to count rows.
        column: of an average column.
        filtered: of an average column where another has a value: both, in the row groups whose
            least and greatest values allow it.
    """

    footers: int
    column: float
    filtered: float


@dataclass(frozen=True)
class Stored:
    """One table: all versions' bytes, the newest version's, and how that one is laid out."""

    dataset: str
    versions: int
    raw: int
    parquet: int
    newest_raw: int
    newest_parquet: int
    layout: Layout | None


def sum_up(tables: Sequence[Stored], prices: PriceTable, *, dataset: str | None) -> DatasetSavings:
    """The savings of these tables together."""
    measured = [(table, table.layout) for table in tables if table.layout is not None]
    before = float(sum(table.newest_raw for table, _ in measured))
    reads = QueryBytes(
        count=BeforeAfter(before=before, after=sum(layout.footers for _, layout in measured)),
        column=BeforeAfter(
            before=before, after=sum(layout.footers + layout.column for _, layout in measured)
        ),
        filter=BeforeAfter(
            before=before, after=sum(layout.footers + layout.filtered for _, layout in measured)
        ),
    )
    return DatasetSavings(
        dataset=dataset,
        tables=len(tables),
        versions=sum(table.versions for table in tables),
        bytes=BeforeAfter(
            before=sum(table.raw for table in tables), after=sum(table.parquet for table in tables)
        ),
        query_bytes=reads,
        unmeasured_tables=len(tables) - len(measured),
        money=_money(tables, reads, prices),
    )


def _money(tables: Sequence[Stored], reads: QueryBytes, prices: PriceTable) -> Money:
    months = prices.retention_months
    raw, parquet = (sum(getattr(t, name) for t in tables) for name in ("raw", "parquet"))
    kept = raw * prices.raw_per_gb_month if prices.raw_kept else 0
    storage = BeforeAfter(
        before=raw / GB * prices.storage_per_gb_month * months,
        after=(parquet * prices.storage_per_gb_month + kept) / GB * months,
    )
    often = (
        (reads.count, prices.counts_per_month),
        (reads.column, prices.column_scans_per_month),
        (reads.filter, prices.filters_per_month),
    )
    scans = BeforeAfter(
        before=sum(read.before * n for read, n in often) / TB * prices.scan_per_tb * months,
        after=sum(read.after * n for read, n in often) / TB * prices.scan_per_tb * months,
    )
    moved = prices.downloads_per_month * prices.transfer_per_gb * months / GB
    transfer = BeforeAfter(
        before=sum(t.newest_raw for t in tables) * moved,
        after=sum(t.newest_parquet for t in tables) * moved,
    )
    parts = (storage, scans, transfer)
    total = BeforeAfter(
        before=sum(part.before for part in parts), after=sum(part.after for part in parts)
    )
    return Money(storage=storage, scans=scans, transfer=transfer, total=total)


def say_assumptions(prices: PriceTable) -> list[str]:
    """What the money rests on, in sentences."""
    raw = (
        f"Raw files are kept beside the tables for {prices.raw_per_gb_month:g} a GB and month."
        if prices.raw_kept
        else "Raw files are not kept once they are tables."
    )
    kept = (
        f"Everything is kept for {prices.retention_months:g} months; a GB costs "
        f"{prices.storage_per_gb_month:g} {prices.currency} a month. {raw}"
    )
    often = (
        f"Each table's newest version is counted {prices.counts_per_month:g} times a month, read "
        f"by one column {prices.column_scans_per_month:g} times, and by one column where another "
        f"has a value {prices.filters_per_month:g} times; a TB read costs {prices.scan_per_tb:g}."
    )
    reads = (
        "Each query on a raw file reads all of it. On a table it reads the footers, and of the "
        "columns it needs the row groups that may hold the value: an average over all columns."
    )
    moved = (
        f"All of it leaves {prices.downloads_per_month:g} times a month, at "
        f"{prices.transfer_per_gb:g} a GB."
    )
    return [kept, often, reads, moved]
