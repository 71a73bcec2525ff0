"""The objects a table version is made of: their roles."""

from collections.abc import Iterable

from shared_lib.db.engine import ReadView
from svc_parquet.tables.repository import TableVersionRepository

PART = "part"
PREVIEW = "preview"
QUARANTINE = "quarantine"
REPORT = "report"

PREFIX = "tables/"


def named_objects(view: ReadView, keys: Iterable[str]) -> set[str]:
    """Which of these keys a table version names."""
    return TableVersionRepository(view).named(keys)
