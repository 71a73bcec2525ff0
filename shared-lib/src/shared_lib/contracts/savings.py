"""What tables save against the files they came from, and the prices behind it."""

from typing import Annotated

from pydantic import Field, StringConstraints

from shared_lib.contracts.base import Contract, UtcTime

Price = Annotated[float, Field(ge=0, le=1_000_000)]
Reads = Annotated[float, Field(ge=0, le=1_000_000_000)]


class PriceTable(Contract):
    """What things cost and how often they are done. A GB is 10^9 bytes, a TB 10^12.

    What is not set is near the list prices of a large cloud, and is nobody's offer.
    """

    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = "USD"
    storage_per_gb_month: Price = 0.023
    retention_months: Annotated[float, Field(gt=0, le=1200)] = 12
    raw_kept: bool = Field(
        default=True, description="Whether the raw files are kept beside the tables, as they are."
    )
    raw_per_gb_month: Price = Field(
        default=0.023, description="Where raw files are kept beside tables; an archive is cheaper."
    )
    scan_per_tb: Price = 5.0
    counts_per_month: Reads = Field(default=30, description="How often a table's rows are counted.")
    column_scans_per_month: Reads = Field(default=100, description="How often one column is read.")
    filters_per_month: Reads = Field(
        default=100, description="How often one column is read where another has a value."
    )
    transfer_per_gb: Price = 0.09
    downloads_per_month: Reads = Field(default=1, description="How often all of it leaves.")


class BeforeAfter(Contract):
    """An amount with the raw files, and with the tables."""

    before: float
    after: float


class QueryBytes(Contract):
    """Bytes read by a typical query: the whole file before; what the footer names after."""

    count: BeforeAfter
    column: BeforeAfter
    filter: BeforeAfter


class Money(Contract):
    """Cost over the retention, in the currency of the price table."""

    storage: BeforeAfter
    scans: BeforeAfter
    transfer: BeforeAfter
    total: BeforeAfter


class DatasetSavings(Contract):
    """One dataset, or all together.

    Sizes count every version that is kept; queries and downloads the newest of each table.
    """

    dataset: str | None = Field(default=None, description="Null for all together.")
    tables: int
    versions: int
    bytes: BeforeAfter
    query_bytes: QueryBytes
    unmeasured_tables: int = Field(
        description="Tables whose files were not looked at yet; they are in no query's bytes, "
        "before or after. Ask again."
    )
    money: Money


class Savings(Contract):
    """What was saved, and what was assumed."""

    as_of: UtcTime
    prices: PriceTable
    assumptions: list[str]
    datasets: list[DatasetSavings]
    total: DatasetSavings
