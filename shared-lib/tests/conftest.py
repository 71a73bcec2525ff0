"""What the tests of db, events, jobs and web share: the sample service and its databases."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared_lib.db import Database
from shared_lib.db.migrations import migrate

SAMPLE = Path(__file__).parent / "sample"
sys.path.insert(0, str(SAMPLE))
# Job children and the processes that tests start import the sample service too.
os.environ["PYTHONPATH"] = os.pathsep.join(
    [str(SAMPLE), *filter(None, [os.environ.get("PYTHONPATH")])]
)


@pytest.fixture
def open_database(
    create_database: Callable[[str], str],
) -> Iterator[Callable[[str], Database]]:
    """`open_database(dialect)`: a migrated database of the sample service."""
    opened: list[Database] = []

    def open_one(dialect: str) -> Database:
        database = Database(create_database(dialect))
        migrate("sample_service", database)
        opened.append(database)
        return database

    yield open_one
    for database in opened:
        database.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, open_database: Callable[[str], Database]) -> Database:
    """A migrated database of each kind."""
    return open_database(request.param)
