"""`python -m shared_lib.db.migrate`: the one-shot before a service's processes start."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared_lib.db.engine import Database
from shared_lib.db.migrations import NotMigratedError, check_migrated, head


def run(package: str, *, url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "shared_lib.db.migrate", package],
        env=os.environ | {"FLEET_DATABASE__URL": url},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_says_from_where_to_where(database_url: str) -> None:
    database = Database(database_url)
    with pytest.raises(NotMigratedError, match=r"python -m shared_lib\.db\.migrate svc_quality"):
        check_migrated("svc_quality", database)

    first, second = (run("svc_quality", url=database_url) for _ in range(2))

    newest = head("svc_quality")
    assert first.stdout == f"svc_quality: empty -> {newest}\n"
    assert second.stdout == f"svc_quality: {newest} -> {newest}\n"
    check_migrated("svc_quality", database)
    database.dispose()


def test_several_at_once_wait_for_one_another(database_url: str) -> None:
    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda _: run("svc_quality", url=database_url), range(3)))

    assert {each.returncode for each in done} == {0}, [each.stderr for each in done]


def test_a_server_that_is_away_is_said_without_a_trace() -> None:
    done = run("svc_quality", url="postgresql+psycopg://nobody@127.0.0.1:1/x")

    assert done.returncode == 1
    assert done.stderr.startswith("svc_quality: ")
    assert "Traceback" not in done.stderr
