"""What the tests of all parts share."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # tests share what lies here

from knowledge_service import Knowledge, knowledge_settings, running_knowledge


@pytest.fixture
def knowledge(tmp_path: Path, database_url: str) -> Iterator[Knowledge]:
    """The service on SQLite, then on PostgreSQL."""
    with running_knowledge(knowledge_settings(tmp_path, database_url=database_url)) as running:
        yield running


@pytest.fixture(scope="module")
def light_knowledge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Knowledge]:
    """The service on SQLite for a module's tests; each has datasets of its own."""
    with running_knowledge(knowledge_settings(tmp_path_factory.mktemp("knowledge"))) as running:
        yield running
