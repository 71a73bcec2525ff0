"""The pytest plugin: lazy fixtures over `shared_lib.testing`. Imports stay light on purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page
    from sqlalchemy.engine import URL

    from shared_lib.testing.servers.databases import Dialect
    from shared_lib.testing.servers.stores import S3Server


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[URL]:
    """A PostgreSQL server of this test process; it starts in about half a second."""
    from shared_lib.testing.servers.databases import postgresql

    with postgresql(tmp_path_factory.mktemp("postgresql")) as url:
        yield url


@pytest.fixture
def create_database(
    tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[[Dialect], str]]:
    """`create_database("sqlite" | "postgresql")`: the URL of a new, empty database."""
    from shared_lib.testing.servers.databases import DatabaseFactory

    factory = DatabaseFactory(tmp_path, server=lambda: request.getfixturevalue("postgres_url"))
    yield factory.create
    factory.drop_all()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, create_database: Callable[[Dialect], str]) -> str:
    """A new, empty database of each kind: the test runs once on both."""
    return create_database(request.param)


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis server of this test process."""
    from shared_lib.testing.servers.queues import redis

    with redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(scope="session")
def rclone_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A real S3 server on files."""
    from shared_lib.testing.servers.stores import rclone

    with rclone(tmp_path_factory.mktemp("rclone")) as server:
        yield server


@pytest.fixture(scope="session")
def ml_environments() -> Path:
    """The folder with the environment `ml`, built once beside the tests' own packages."""
    import sys
    from pathlib import Path

    from shared_lib.embeddings.local import ml_requirements
    from shared_lib.environments import Environments

    folder = Path(sys.prefix) / "envs"
    Environments(folder).ensure(ml_requirements(), compiled=False)
    return folder


@pytest.fixture(scope="session")
def moto_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """An S3 emulator with versioning and conditional writes."""
    from shared_lib.testing.servers.stores import moto

    with moto(tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium for a module's tests.

    While it is there an event loop runs in this thread, so that other tests could not run theirs.
    """
    from shared_lib.testing.browser import chromium

    with chromium() as started:
        yield started


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page in a fresh context; a console error or an exception in it fails the test."""
    context = browser.new_context()
    fresh = context.new_page()
    errors: list[str] = []
    fresh.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    fresh.on("pageerror", lambda error: errors.append(str(error)))
    yield fresh
    context.close()
    if errors:
        pytest.fail(f"the browser's console has errors: {errors}")


@pytest.fixture
def assert_accessible() -> Callable[[Page], None]:
    """Fails with axe's findings on a page."""
    from shared_lib.testing.browser import assert_accessible as check

    return check
