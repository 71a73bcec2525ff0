"""What the tests of all slices share: the running service, on both databases."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # tests share parquet_service.py

from parquet_service import Parquet, parquet_settings, running_parquet


@pytest.fixture
def parquet(tmp_path: Path, database_url: str) -> Iterator[Parquet]:
    """The service on SQLite, then on PostgreSQL."""
    with running_parquet(parquet_settings(tmp_path, database_url=database_url)) as running:
        yield running


@pytest.fixture(scope="module")
def light_parquet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parquet]:
    """The service on SQLite for a module's tests; each lands datasets of its own."""
    with running_parquet(parquet_settings(tmp_path_factory.mktemp("parquet"))) as running:
        yield running
