"""What the tests of all slices share: the running service, on both databases."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # tests share quality_service.py, quality_tables.py

from quality_service import Quality, quality_settings, running_quality


@pytest.fixture
def quality(tmp_path: Path, database_url: str) -> Iterator[Quality]:
    """The service on SQLite, then on PostgreSQL."""
    with running_quality(quality_settings(tmp_path, database_url=database_url)) as running:
        yield running


@pytest.fixture(scope="module")
def light_quality(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Quality]:
    """The service on SQLite for a module's tests; each has datasets of its own."""
    with running_quality(quality_settings(tmp_path_factory.mktemp("quality"))) as running:
        yield running
