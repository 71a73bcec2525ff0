"""All SQL on totals: sums over the catalog's own rows."""

from collections import defaultdict
from datetime import datetime
from pathlib import PurePosixPath

from sqlalchemy import Integer, func, select
from sqlalchemy.orm import InstrumentedAttribute

from shared_lib.contracts.catalog import DayStatistics, FormatStatistics
from shared_lib.db.engine import ReadView
from svc_ingest.datasets.models import DatasetRow
from svc_ingest.files.models import FileRow
from svc_ingest.versions.models import VersionRow


class StatisticsRepository:
    """Totals of one tenant."""

    def __init__(self, view: ReadView, *, tenant: str) -> None:
        self._session = view.session
        self._tenant = tenant

    def count(self, model: type[DatasetRow | VersionRow | FileRow]) -> int:
        """How many rows the tenant has."""
        query = select(func.count()).select_from(model).where(model.tenant == self._tenant)
        return self._session.scalar(query) or 0

    def total(self, column: InstrumentedAttribute[int]) -> int:
        """The sum of a column over the tenant's rows."""
        query = select(func.sum(column)).where(column.class_.tenant == self._tenant)
        return int(self._session.scalar(query) or 0)

    def by_day(self, *, since: datetime) -> list[DayStatistics]:
        """What landed on each day since then."""
        dialect = self._session.get_bind().dialect.name
        day = (
            func.to_char(func.timezone("UTC", FileRow.created_at), "YYYY-MM-DD")
            if dialect == "postgresql"
            else func.strftime("%Y-%m-%d", FileRow.created_at)
        ).label("day")
        query = (
            select(day, func.count().cast(Integer), func.sum(FileRow.bytes))
            .where(FileRow.tenant == self._tenant, FileRow.created_at >= since)
            .group_by(day)
            .order_by(day)
        )
        return [
            DayStatistics(day=day, files=files, bytes=int(size))
            for day, files, size in self._session.execute(query)
        ]

    def by_format(self) -> list[FormatStatistics]:
        """Files by their ending, largest first."""
        query = select(FileRow.path, FileRow.bytes).where(FileRow.tenant == self._tenant)
        found: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for path, size in self._session.execute(query).yield_per(1000):
            counted = found[name_format(path)]
            counted[0] += 1
            counted[1] += size
        rows = [FormatStatistics(format=k, files=n, bytes=size) for k, (n, size) in found.items()]
        return sorted(rows, key=lambda row: (-row.bytes, row.format))


def name_format(path: str) -> str:
    """The ending of a file's name, with the one before a compression's, or `none`."""
    suffixes = [suffix.lower().lstrip(".") for suffix in PurePosixPath(path).suffixes]
    if len(suffixes) > 1 and suffixes[-1] in ("gz", "bz2", "zst", "xz"):
        return ".".join(suffixes[-2:])
    return suffixes[-1] if suffixes else "none"
