"""What a stage may not do is kept from it, and the job's error says what happened, and where."""

from pathlib import Path
from typing import Any

import pytest
from training_service import running_training, training_settings

from shared_lib.testing.pipelines import write_repository
from shared_lib.testing.services import OTHER
from svc_training.workspaces.sandbox import can_isolate

pytestmark = pytest.mark.skipif(not can_isolate(), reason="this system makes no namespaces")

READS = """\
import os, pathlib, socket
def reaches(what):
    try:
        return bool(what())
    except OSError:
        return False
def secret():
    return os.listdir('{data}/secrets')
def database():
    return open('{data}/databases/svc-training.sqlite', 'rb').read(1)
def tenant():
    return open('{objects}/{key}', 'rb').read(1)
def cache():
    return os.listdir('{data}/training/dvc')
def network():
    return socket.create_connection(('127.0.0.1', {port}), 2)
def names():
    return socket.getaddrinfo('localhost.example', 80)
def environment():
    return [name for name in os.environ if name.startswith(('FLEET_S', 'AWS_'))]
tried = (secret, database, tenant, cache, network, names, environment)
print('tried', len(tried), flush=True)
found = [each.__name__ for each in tried if reaches(each)]
raise SystemExit('reached: ' + (', '.join(found) or 'nothing'))
"""
FORKS = """\
import os, time
while True:
    try:
        os.fork()
    except OSError:
        time.sleep(0.01)
"""
FILLS = """\
import time
for number in range(1000):
    with open(f'data/{number}', 'wb') as file:
        file.write(b'x' * 1_000_000)
    time.sleep(0.005)
"""


def test_a_stage_that_does_what_it_may_not_fails_and_the_job_says_why(
    tmp_path: Path, environments: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    pipelines = tmp_path / "pipelines"
    write_repository(pipelines)
    settings = training_settings(
        tmp_path, environments=environments, processes=301, disk_bytes=20_000_000
    )
    with running_training(settings) as training:
        theirs = training.publish("theirs", {"a": [1]}, tenant=OTHER)
        reads = READS.format(
            data=settings.data,
            objects=settings.storage.root,
            key=theirs.parts[0],
            port=port_of(training.url),
        )
        for name, train in {"reads": reads, "forks": FORKS, "fills": FILLS}.items():
            write_repository(pipelines, name=name, train_py=train)
        table = training.good("sales")

        def failed(pipeline: str) -> tuple[str, str]:
            job: Any = training.train(table, pipeline=pipeline)
            row = training.get(f"/v1/jobs/{job['job_id']}")
            assert (row["state"], row["failure"], row["attempts"]) == ("failed", "user", 1)
            assert row["error"] == job["error"]
            assert (row["error"]["stage"], row["error"]["flow_id"]) == ("train", "fl_1")
            return row["error"]["code"], row["error"]["detail"]

        code, detail = failed("reads")
        assert code == "stage_failed"
        assert "reached: nothing. Stages have no network, no secret, and no file" in detail
        assert "tried 7" in detail
        code, detail = failed("forks")
        assert code == "stage_limit"
        assert "Stage train was ended: it held" in detail
        assert "301 are allowed (FLEET_STAGES__PROCESSES)" in detail
        code, detail = failed("fills")
        assert code == "stage_limit"
        assert "20000000 are allowed (FLEET_STAGES__DISK_BYTES)" in detail

        # The worker is as it was: what is well-behaved trains.
        assert training.train(table)["state"] == "succeeded"


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])
