"""Savings: sums that a person can do by hand, and footers that are what the files say."""

from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_lib.contracts.savings import PriceTable
from svc_parquet.savings.footers import read_layout
from svc_parquet.savings.money import Layout, Stored, sum_up

GB = 10**9


def table(dataset: str = "a", *, raw: int = 10 * GB, parquet: int = 2 * GB) -> Stored:
    return Stored(
        dataset=dataset,
        versions=1,
        raw=raw,
        parquet=parquet,
        newest_raw=raw,
        newest_parquet=parquet,
        layout=Layout(footers=1000, column=GB / 10, filtered=GB / 5),
    )


def test_money_is_what_a_person_would_reckon() -> None:
    prices = PriceTable(
        storage_per_gb_month=0.02,
        retention_months=10,
        raw_kept=False,
        scan_per_tb=5,
        counts_per_month=0,
        column_scans_per_month=100,
        filters_per_month=0,
        transfer_per_gb=0.1,
        downloads_per_month=2,
    )
    found = sum_up([table()], prices, dataset="a")

    assert (found.money.storage.before, found.money.storage.after) == pytest.approx((2.0, 0.4))
    # 10 GB a scan, 100 a month, 10 months: 10 TB; of one column 0.1 GB each
    assert found.money.scans.before == pytest.approx(50.0)
    assert found.money.scans.after == pytest.approx(0.5, rel=1e-3)
    assert (found.money.transfer.before, found.money.transfer.after) == pytest.approx((20.0, 4.0))
    assert found.money.total.after == pytest.approx(4.9, rel=1e-3)


def test_raw_files_that_are_kept_cost_too() -> None:
    archive = PriceTable(storage_per_gb_month=0.02, raw_per_gb_month=0.004, retention_months=1)
    found = sum_up([table()], archive, dataset="a").money.storage
    assert (found.before, found.after) == pytest.approx((0.2, 0.04 + 0.04))


@given(
    sizes=st.lists(
        st.tuples(st.integers(0, 10**12), st.integers(0, 10**12)), min_size=1, max_size=6
    )
)
def test_the_total_is_the_sum_of_its_parts(sizes: list[tuple[int, int]]) -> None:
    tables = [table(raw=raw, parquet=parquet) for raw, parquet in sizes]
    whole = sum_up(tables, PriceTable(), dataset=None)
    parts = [sum_up([each], PriceTable(), dataset="x") for each in tables]

    assert whole.bytes.after == sum(part.bytes.after for part in parts)
    for side in ("before", "after"):
        total = sum(getattr(part.money.total, side) for part in parts)
        assert getattr(whole.money.total, side) == pytest.approx(total)


def test_what_was_not_looked_at_is_in_neither_side() -> None:
    unknown = Stored(
        dataset="a", versions=1, raw=5, parquet=1, newest_raw=5, newest_parquet=1, layout=None
    )
    found = sum_up([table(), unknown], PriceTable(), dataset=None)

    assert found.unmeasured_tables == 1
    assert found.query_bytes.count.before == 10 * GB
    assert found.bytes.before == 10 * GB + 5


def test_footers_tell_what_queries_read(tmp_path: Path) -> None:
    rows = 100_000
    frame = pl.DataFrame({"sorted": range(rows), "same": [1] * rows})
    path = tmp_path / "a.parquet"
    frame.write_parquet(path, row_group_size=10_000, compression="uncompressed")
    metadata = pq.read_metadata(path)
    groups = [metadata.row_group(n) for n in range(metadata.num_row_groups)]
    sizes = [[group.column(c).total_compressed_size for c in (0, 1)] for group in groups]
    found = read_layout([str(path)])

    assert found.footers == metadata.serialized_size + 8
    assert found.column == sum(sum(pair) / 2 for pair in sizes)
    middle = sizes[5]
    one = middle[0] + sum(middle) / 2  # the sorted column is read in one row group of ten
    all_of_it = sum(pair[1] + sum(pair) / 2 for pair in sizes)
    assert found.filtered == pytest.approx((one + all_of_it) / 2)
