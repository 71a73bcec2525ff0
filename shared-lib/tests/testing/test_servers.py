"""The servers that tests stand on: they start, they work, they leave nothing."""

import subprocess
import sys
from collections.abc import Callable

import psutil
import pytest
from sqlalchemy import create_engine, text

from shared_lib.testing.processes import tree_of
from shared_lib.testing.servers.databases import Dialect
from shared_lib.testing.servers.stores import S3Server
from shared_lib.testing.waiting import wait_until


def test_every_database_is_new_and_empty(create_database: Callable[[Dialect], str]) -> None:
    for dialect in ("sqlite", "postgresql"):
        for _ in range(2):
            engine = create_engine(create_database(dialect))
            with engine.begin() as connection:
                connection.execute(text("CREATE TABLE only_once (id integer)"))
            engine.dispose()


def test_postgresql_has_vectors(create_database: Callable[[Dialect], str]) -> None:
    engine = create_engine(create_database("postgresql"))
    with engine.begin() as connection:
        connection.execute(text("CREATE EXTENSION vector"))
        distance = connection.scalar(text("SELECT '[1,2]'::vector <-> '[1,3]'::vector"))
    engine.dispose()
    assert distance == 1.0


def test_stores_listen(rclone_server: S3Server, moto_server: S3Server) -> None:
    assert tree_of(rclone_server.pid)
    assert tree_of(moto_server.pid)


def test_a_server_dies_with_the_test_process_that_is_killed() -> None:
    code = (
        "import subprocess, sys, time\n"
        "from shared_lib.testing.processes import die_together\n"
        "server = subprocess.Popen(['sleep', '600'])\n"
        "watcher = die_together(server.pid)\n"
        "print(server.pid, watcher.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    owner = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    pids = [int(pid) for pid in owner.stdout.readline().split()]
    owner.kill()
    owner.communicate()
    for pid in pids:
        wait_until(lambda pid=pid: not _alive(pid), what="the server's end")  # type: ignore[misc]


def _alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_waiting_says_what_was_waited_for() -> None:
    with pytest.raises(TimeoutError, match="the moon"):
        wait_until(lambda: False, timeout_s=0.05, what="the moon")
