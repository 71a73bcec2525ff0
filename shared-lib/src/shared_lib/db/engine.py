"""Engines and units of work.

A `WriteUnit` is one short transaction: it takes the write lock at its start (`BEGIN IMMEDIATE`
on SQLite: a deferred transaction that upgrades later fails with a lock error instead of waiting),
commits when the `with` block ends well, and runs its `after_commit` callbacks then. A `ReadView`
cannot write: both databases refuse it. Neither is ever open while bytes stream, a child runs or a
service is called.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from shared_lib.contracts.errors import InvalidInputError, NoSpaceError, UnavailableError

SQLITE_BUSY_TIMEOUT_MS = 10_000
CONNECTION_WITHIN_S = 10

# A unit lasts milliseconds: who waits longer for a lock is told so, as on SQLite, and a client
# that vanished in the middle of a unit does not hold its locks for ever.
_POSTGRESQL_LIMITS = (
    f"-c lock_timeout={SQLITE_BUSY_TIMEOUT_MS} -c idle_in_transaction_session_timeout=60000"
)
_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


class ValueNotStorableError(InvalidInputError):
    """A value that the database has no room for: a NUL character, a number beyond 64 bits."""

    code = "value_not_storable"
    title = "A value cannot be stored"


class ReadView:
    """A consistent look at the database. `session` must only be read from."""

    def __init__(self, session: Session) -> None:
        self.session = session


class WriteUnit(ReadView):
    """A short transaction; see the module."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._callbacks: list[Callable[[], None]] = []

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call `callback` once the commit is durable; never when it is rolled back."""
        if callback not in self._callbacks:
            self._callbacks.append(callback)

    def run_callbacks(self) -> None:
        """Called by the `Database` after the commit."""
        for callback in self._callbacks:
            callback()


class Database:
    """One service's database.

    Args:
        url: an SQLAlchemy URL, `sqlite:///...` or `postgresql+psycopg://...`.
        pool_size: connections kept open on PostgreSQL.
    """

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = make_url(url)
        self.engine = _create_engine(self.url, pool_size=pool_size)
        self._read_engine = self.engine.execution_options(
            **({"postgresql_readonly": True} if self.dialect == "postgresql" else {})
        )
        self._write_engine = self.engine.execution_options(fleet_write=True)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.url.get_backend_name()

    @contextmanager
    def write(self) -> Iterator[WriteUnit]:
        """One transaction; commits at the end of the block, rolls back when it raises."""
        with _speaking_errors(), Session(self._write_engine, autoflush=True) as session:
            # BEGIN now: the write lock belongs to the unit from its start, not its first query.
            session.connection()
            unit = WriteUnit(session)
            yield unit
            session.commit()
        unit.run_callbacks()

    @contextmanager
    def read(self) -> Iterator[ReadView]:
        """One read-only view; the database refuses a write in it."""
        with _speaking_errors(), Session(self._read_engine, autoflush=False) as session:
            yield ReadView(session)

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


@contextmanager
def _speaking_errors() -> Iterator[None]:
    """Say what to do when the database is away, its disk is full, or a value does not fit it."""
    try:
        yield
    except (DataError, OverflowError) as error:
        # OverflowError: what the SQLite driver says of an integer beyond 64 bits.
        raise ValueNotStorableError(
            "A value cannot be stored: it holds a NUL character or a number that is too large. "
            "Change it and send the request again."
        ) from error
    except (OperationalError, PoolTimeoutError) as error:
        if "disk is full" in str(error) or "No space left" in str(error):
            raise NoSpaceError(
                "The database's disk is full and nothing of this request was kept. "
                "Free some space and send it again."
            ) from error
        raise UnavailableError(
            "The database does not answer right now. Try again in a few seconds.",
            headers={"Retry-After": "2"},
        ) from error


def write_json(value: Any) -> str:
    """JSON text that both databases take.

    PostgreSQL refuses NUL and lone surrogates, which come in with file names and with the bad
    input that an error quotes; they become U+FFFD and `?`.
    """
    text = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode()
    return _NUL.sub("\\1\ufffd", text) if "\\u0000" in text else text


def _create_engine(url: URL, *, pool_size: int) -> Engine:
    if url.get_backend_name() == "sqlite":
        if url.database:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(
            url,
            pool_size=5,
            max_overflow=60,
            pool_timeout=CONNECTION_WITHIN_S,
            json_serializer=write_json,
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=40,
        pool_timeout=CONNECTION_WITHIN_S,
        pool_pre_ping=True,
        json_serializer=write_json,
        connect_args={"connect_timeout": CONNECTION_WITHIN_S, "options": _POSTGRESQL_LIMITS},
    )


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver must not begin transactions by itself: `_begin_sqlite` says which kind.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        # First: making the file a WAL database needs its lock, and others may be opening it too.
        f"busy_timeout = {SQLITE_BUSY_TIMEOUT_MS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("fleet_write", False)
    connection.exec_driver_sql(f"PRAGMA query_only = {'OFF' if writes else 'ON'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
