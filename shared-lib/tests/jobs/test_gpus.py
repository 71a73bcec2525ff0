"""GPUs are found, reported and given to one job each; without one a job waits and says so."""

import os
from pathlib import Path
from typing import Any

import pytest

from shared_lib.jobs import JobQueue
from shared_lib.jobs.gpus import Gpu, NoGpuError, find_gpus, gpus_for
from shared_lib.jobs.repository import JobRepository
from shared_lib.jobs.workers import waits_for
from shared_lib.testing.gpus import write_nvidia_smi
from shared_lib.testing.waiting import wait_until

A100, T4 = "NVIDIA A100-SXM4-40GB", "Tesla T4"


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A driver with two GPUs, before any other on the PATH."""
    folder = write_nvidia_smi(tmp_path / "driver", A100, T4)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return folder


def request(fleet: Any, kind: str, *, on_gpu: bool, **params: str) -> str:
    with fleet.runtime.database.write() as unit:
        queue = JobQueue(fleet.runtime)
        job = queue.request(unit, kind=kind, tenant="tn_a", params=params, on_gpu=on_gpu)
        return str(job.id)


def waiting_for(fleet: Any, job_id: str) -> str | None:
    with fleet.runtime.database.read() as view:
        job = JobRepository(view).get(job_id)
        assert job is not None
        return waits_for(view, job, kinds=fleet.runtime.kinds)


@pytest.mark.parametrize(
    ("visible", "found"),
    [
        (None, [Gpu(0, A100), Gpu(1, T4)]),
        ("1", [Gpu(1, T4)]),
        ("GPU-00000000-aaaa", [Gpu(0, A100)]),
        ("", []),
    ],
)
def test_the_gpus_that_this_process_may_use(
    driver: Path, monkeypatch: pytest.MonkeyPatch, visible: str | None, found: list[Gpu]
) -> None:
    assert driver.is_dir()
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert list(find_gpus()) == found


def test_without_a_gpu_there_is_none_and_a_gpu_worker_says_so(
    driver: Path, make_fleet: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_nvidia_smi(driver)
    assert find_gpus() == ()
    monkeypatch.setenv("PATH", str(driver.parent))
    assert find_gpus() == ()
    assert gpus_for([make_fleet().runtime]) == ()
    with pytest.raises(NoGpuError, match="lists no GPU here"):
        gpus_for([make_fleet(gpu="only").runtime])


def test_one_job_a_gpu_and_the_others_go_on_beside_them(driver: Path, make_fleet: Any) -> None:
    assert driver.is_dir()
    fleet = make_fleet(children=1)
    go = fleet.sign("go")
    signs = [fleet.sign(f"gpu-{number}") for number in range(4)]
    jobs = [request(fleet, "use_gpu", on_gpu=True, sign=str(s), go=str(go)) for s in signs[:3]]
    ordinary = request(fleet, "use_gpu", on_gpu=False, sign=str(signs[3]), go=str(go))
    with fleet.supervised(gpus=gpus_for([fleet.runtime])):
        for sign in (*signs[:2], signs[3]):
            wait_until(sign.exists, what=f"the job that writes {sign.name}")
        assert [s.read_text() for s in signs[:2]] == [f"gpu 0 ({A100})", f"gpu 1 ({T4})"]
        assert signs[3].read_text() == "none"
        assert fleet.state(jobs[2]) == "queued"
        free = f"a free GPU; the workers have 2: {A100}, {T4}."
        wait_until(lambda: waiting_for(fleet, jobs[2]) == free, what="the worker's row")
        go.touch()
        ended = fleet.ended(*jobs, ordinary)
    assert {job.state for job in ended} == {"succeeded"}


def test_a_worker_without_a_gpu_leaves_such_jobs_alone(either_fleet: Any) -> None:
    fleet = either_fleet
    wants = request(fleet, "want_gpu", on_gpu=False)
    with fleet.supervised():
        # It finds out in its first try, which does not count.
        wait_until(lambda: fleet.job(wants).queue == "sample.gpu", what="the move")
        fleet.ended(request(fleet, "succeed", on_gpu=False))
        assert (fleet.state(wants), fleet.job(wants).attempts) == ("queued", 0)
        said = waiting_for(fleet, wants)
        assert said is not None
        assert said.startswith("a GPU worker; none has been seen.")
    with fleet.supervised(gpus=[Gpu(0, T4)]):
        (job,) = fleet.ended(wants)
    assert (job.state, job.attempts) == ("succeeded", 1)


def test_a_worker_for_gpu_jobs_alone_leaves_the_others(make_fleet: Any) -> None:
    fleet = make_fleet(gpu="only")
    ordinary, on_gpu = (request(fleet, "want_gpu", on_gpu=each) for each in (False, True))
    with fleet.supervised(gpus=[Gpu(0, T4)]):
        fleet.ended(on_gpu)
        fleet.ended(request(fleet, "want_gpu", on_gpu=True))
    assert fleet.state(ordinary) == "queued"
