"""What the tests of all slices share: the running service, on both databases."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # tests share ingest_service.py

from ingest_service import Ingest, ingest_settings, running_ingest


@pytest.fixture
def ingest(tmp_path: Path, database_url: str) -> Iterator[Ingest]:
    """The service on SQLite, then on PostgreSQL."""
    with running_ingest(ingest_settings(tmp_path, database_url=database_url)) as running:
        yield running


@pytest.fixture
def light_ingest(tmp_path: Path) -> Iterator[Ingest]:
    """The service on SQLite alone, where the database makes no difference."""
    with running_ingest(ingest_settings(tmp_path)) as running:
        yield running
