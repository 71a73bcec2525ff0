"""A stage reaches nothing that is not its own, and what goes over a limit ends with its reason."""

import os
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from shared_lib.testing.pipelines import write_repository
from shared_lib.testing.processes import free_port
from svc_training.settings import StageSettings, TrainingSettings
from svc_training.workspaces.definition import read_definition
from svc_training.workspaces.dvc import Stored
from svc_training.workspaces.errors import StageFailedError, StageLimitError
from svc_training.workspaces.git import Mirror
from svc_training.workspaces.output import Output
from svc_training.workspaces.sandbox import Sandbox, can_isolate
from svc_training.workspaces.workspace import Workspace

pytestmark = pytest.mark.skipif(not can_isolate(), reason="this system makes no namespaces")


def run(folder: Path, *, train: str, **limits: Any) -> list[str]:
    """Run the pipeline with this train stage; the lines that it wrote."""
    write_repository(folder / "pipelines", train_py=train)
    mirror = Mirror(folder / "mirror.git", source=str(folder / "pipelines"))
    commit, lines = mirror.refresh(), list[str]()
    scratch = folder / "scratch"
    scratch.mkdir()
    workspace = Workspace(scratch, pipeline="small")
    params = read_definition(
        "small",
        dvc_yaml=mirror.read(commit, "small/dvc.yaml") or "",
        params_yaml=mirror.read(commit, "small/params.yaml"),
    ).params
    workspace.check_out(mirror, commit=commit, params=params)
    (folder / "part").write_bytes(b"rows")
    for name in ("table", "frozen"):
        workspace.place(name, [folder / "part"])
    sandbox = Sandbox(
        scratch,
        journal=folder / "journal.jsonl",
        workspace=workspace.root,
        python=Path(sys.executable),
        settings=StageSettings(isolation="required", **limits),
        device="cpu",
    )
    settings = TrainingSettings(mode="embedded", data=folder / "data")
    stored = Stored.of(settings, folder=folder / "training", tenant="tn_a")
    output = Output(scratch / "log.txt", tell=lines.extend)
    workspace.run(stored=stored, sandbox=sandbox, output=output, ran=lambda _: None)
    return lines


PROBE = """\
import json, os, pathlib, socket, sys
def reaches(what):
    try:
        what()
    except OSError as error:
        return False
    return True
def connect():
    socket.create_connection(('127.0.0.1', {port}), 2)
print('PROBE', json.dumps({{
    'secret': reaches(lambda: open('{secret}').read()),
    'other': reaches(lambda: os.listdir('{other}')),
    'network': reaches(connect),
    'system': reaches(lambda: open('/usr/planted', 'w')),
    'switches': reaches(lambda: open('/proc/sys/kernel/hostname', 'w').write('x')),
    'kill': reaches(lambda: os.kill({pid}, 0)),
    'environment': sorted(n for n in os.environ if 'AWS' in n or 'TEST_SECRET' in n),
    'processes': len([n for n in os.listdir('/proc') if n.isdigit()]) < 10,
}}, sort_keys=True))
pathlib.Path('models').mkdir(exist_ok=True)
pathlib.Path('models/model.json').write_text('{{}}')
pathlib.Path('/tmp/mine').write_text('x')
"""


def test_secrets_network_and_other_files_are_out_of_reach(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret.key"
    secret.write_text("s")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    monkeypatch.setenv("TEST_SECRET", "s")
    with socket.create_server(("127.0.0.1", free_port())) as listener:
        probe = PROBE.format(
            port=listener.getsockname()[1],
            secret=secret,
            other=tmp_path / "pipelines",
            pid=os.getpid(),
        )
        lines = run(tmp_path, train=probe)
    (said,) = [line for line in lines if line.startswith("PROBE")]
    assert said == (
        'PROBE {"environment": [], "kill": false, "network": false, "other": false, '
        '"processes": true, "secret": false, "switches": false, "system": false}'
    )
    assert not Path("/tmp/mine").exists()


def test_a_stage_that_forks_without_end_is_ended_and_says_so(tmp_path: Path) -> None:
    bomb = """\
import os, time
while True:
    try:
        os.fork()
    except OSError:
        time.sleep(0.01)
"""
    with pytest.raises(StageLimitError, match=r"Stage train was ended: it held \d+ processes"):
        run(tmp_path, train=bomb, processes=301)


def test_a_stage_that_fills_the_disk_is_ended_and_says_so(tmp_path: Path) -> None:
    many = """\
import time
for number in range(1000):
    with open(f'data/{number}', 'wb') as file:
        file.write(b'x' * 1_000_000)
    time.sleep(0.005)
"""
    with pytest.raises(StageLimitError, match=r"its working folder holds .* 20000000 are allowed"):
        run(tmp_path, train=many, disk_bytes=20_000_000)
    one = "open('data/one', 'wb').truncate(30_000_000)"
    (tmp_path / "second").mkdir()
    with pytest.raises(StageFailedError, match="Stage train ended with exit code"):
        run(tmp_path / "second", train=one, disk_bytes=20_000_000)


def test_what_a_stage_left_running_ends_with_it(tmp_path: Path) -> None:
    daemon = """\
import pathlib, subprocess
subprocess.Popen(['sleep', '86399'], start_new_session=True)
pathlib.Path('models').mkdir(exist_ok=True)
pathlib.Path('models/model.json').write_text('{}')
"""
    run(tmp_path, train=daemon)
    sleeping = [
        path
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if path.exists() and b"86399" in path.read_bytes()
    ]
    assert sleeping == []
