"""What queries on Parquet files read, told from their footers. Runs in a query process."""

from collections.abc import Sequence
from statistics import fmean
from typing import Any

import pyarrow.parquet as pq

from svc_parquet.savings.money import Layout


def read_layout(parts: Sequence[str]) -> Layout:
    """The layout of a table version.

    The value that is looked for in a column is the least one of its middle row group: it is there,
    and in data that is sorted by the column in few other places. A column without statistics is
    read whole.
    """
    footers, groups = 0, []
    for part in parts:
        metadata = pq.read_metadata(part)
        footers += metadata.serialized_size + 8  # its length and the magic bytes follow it
        groups += [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    count = groups[0].num_columns if groups else 0
    if not count:
        return Layout(footers=footers, column=0.0, filtered=0.0)
    sizes = [[g.column(c).total_compressed_size for c in range(count)] for g in groups]
    average = [fmean(group) for group in sizes]
    filtered = []
    for column in range(count):
        hit = _may_hold([group.column(column).statistics for group in groups])
        filtered.append(
            sum(s[column] + mean for s, mean, held in zip(sizes, average, hit, strict=True) if held)
        )
    return Layout(footers=footers, column=sum(average), filtered=fmean(filtered))


def _may_hold(statistics: Sequence[Any]) -> list[bool]:
    """Which row groups may hold the least value of the middle one."""
    known = [s for s in statistics if s is not None and s.has_min_max]
    if not known:
        return [True] * len(statistics)
    wanted = known[len(known) // 2].min
    try:
        return [s is None or not s.has_min_max or s.min <= wanted <= s.max for s in statistics]
    except TypeError:  # values that have no order in Python
        return [True] * len(statistics)
