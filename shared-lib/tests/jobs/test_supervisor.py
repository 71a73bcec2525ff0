"""The supervisor with real children: every way in which a job can go ends in the right state."""

import contextlib
import os
from pathlib import Path
from typing import Any

import psutil
from sample_service.worker import KINDS, runtime

from shared_lib.contracts.jobs import JobState
from shared_lib.jobs import JobKind
from shared_lib.jobs.runtime import build_runtime
from shared_lib.testing.waiting import wait_until


def children() -> list[psutil.Process]:
    """What this process has started, apart from what keeps the test servers alive."""
    found = []
    for each in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # it ended meanwhile, or is a zombie
            if "multiprocessing" in " ".join(each.cmdline()):
                found.append(each)
    return found


def gone(processes: list[psutil.Process]) -> bool:
    return not any(
        each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in processes
    )


def test_each_outcome_ends_in_its_state_and_says_why(either_fleet: Any) -> None:
    fleet = either_fleet
    kinds = [
        "succeed",
        "say_nothing",
        "fail_user",
        "fail_infrastructure",
        "flaky",
        "raise_unexpected",
        "exit_at_once",
        "segfault",
        "publish_twice",
        "talk",
    ]
    ids = {kind: fleet.request(kind) for kind in kinds}
    with fleet.supervised():
        fleet.ended(*ids.values(), timeout_s=60)
        wait_until(
            lambda: list(fleet.settings.scratch_folder.iterdir()) == [], what="the scratch sweep"
        )
    jobs = {kind: fleet.job(job_id) for kind, job_id in ids.items()}

    assert {kind: (job.state, job.failure, job.attempts) for kind, job in jobs.items()} == {
        "succeed": ("succeeded", None, 1),
        "say_nothing": ("succeeded", None, 1),
        "fail_user": ("failed", "user", 1),
        "fail_infrastructure": ("dead", "infrastructure", 2),
        "flaky": ("succeeded", None, 2),
        "raise_unexpected": ("dead", "infrastructure", 1),
        "exit_at_once": ("dead", "infrastructure", 2),
        "segfault": ("dead", "infrastructure", 1),
        "publish_twice": ("failed", "user", 1),
        "talk": ("succeeded", None, 1),
    }
    assert jobs["succeed"].result == {"answer": 42}
    assert jobs["say_nothing"].result == {}
    assert fleet.effects() == sorted([ids["succeed"], ids["flaky"], ids["talk"]])
    errors = {kind: job.error for kind, job in jobs.items() if job.error}
    assert {kind: error["code"] for kind, error in errors.items()} == {
        "fail_user": "invalid_input",
        "fail_infrastructure": "internal_error",
        "raise_unexpected": "job_failed",
        "exit_at_once": "job_process_died",
        "segfault": "job_process_died",
        "publish_twice": "invalid_input",
    }
    assert errors["fail_user"]["row"] == 7
    assert "exit code 7" in errors["exit_at_once"]["detail"]
    assert "SIGSEGV" in errors["segfault"]["detail"]
    assert "odd \ufffd value" in errors["raise_unexpected"]["detail"]
    assert all(error["flow_id"] == "fl_1" and error["title"] for error in errors.values())
    assert [e["message"] for e in fleet.entries(ids["talk"], "log")][:2] == ["step 1", "step 2"]
    assert (jobs["talk"].progress_done, jobs["talk"].progress_total) == (5, 5)


def test_too_long_too_large_too_big_are_ended_and_say_what_to_raise(make_fleet: Any) -> None:
    fleet = make_fleet(file_limit_bytes=20 * 1024 * 1024)
    sign = fleet.sign("late")
    late = fleet.request("be_late", sign=str(sign))
    large = fleet.request("eat_memory")
    big = fleet.request("write_huge_file")
    with fleet.supervised():
        pids = fleet.pids(sign)
        jobs = fleet.ended(late, large, big, timeout_s=60)
        wait_until(lambda: gone(pids), what="the end of the late job's processes")

    assert [(job.state, job.failure, job.error["code"], job.attempts) for job in jobs] == [
        ("failed", "timeout", "job_time_limit", 1),
        ("failed", "user", "job_memory_limit", 1),
        ("failed", "user", "job_file_limit", 1),
    ]
    for job, setting in zip(jobs, ("TIME", "MEMORY", "FILE"), strict=True):
        assert f"FLEET_JOBS__{setting}_LIMIT" in job.error["detail"]


def test_cancelling_ends_the_job_and_everything_it_started(either_fleet: Any) -> None:
    fleet = either_fleet
    sign = fleet.sign("hang")
    job_id = fleet.request("hang", sign=str(sign))
    with fleet.supervised():
        pids = fleet.pids(sign)
        assert len(pids) == 4
        fleet.cancel(job_id)
        (job,) = fleet.ended(job_id)
        assert (job.state, job.error) == (JobState.CANCELLED, None)
        # Ended within the supervisor's own life, not by its death.
        assert gone(pids)


def test_what_a_job_leaves_behind_is_ended_with_it(fleet: Any) -> None:
    sign = fleet.sign("left")
    job_id = fleet.request("leave_process", sign=str(sign))
    with fleet.supervised():
        (job,) = fleet.ended(job_id)
        assert job.state == JobState.SUCCEEDED
        wait_until(lambda: not psutil.pid_exists(int(sign.read_text())), what="its end")


def test_a_killed_child_is_tried_again_and_its_tree_is_ended(fleet: Any) -> None:
    sign = fleet.sign("hang")
    job_id = fleet.request("hang", sign=str(sign))
    with fleet.supervised():
        first = fleet.pids(sign)
        sign.unlink()
        first[0].kill()
        second = fleet.pids(sign)
        wait_until(lambda: gone(first), what="the end of the first try's processes")
        assert fleet.job(job_id).attempts == 2
        fleet.cancel(job_id)
        fleet.ended(job_id)
        assert gone(second)


def test_a_lease_is_renewed_for_as_long_as_the_job_runs(fleet: Any) -> None:
    go = fleet.sign("go")
    job_id = fleet.request("wait_for_file", sign=str(fleet.sign("s")), go=str(go))
    with fleet.supervised():
        wait_until(fleet.sign("s").exists)
        first = fleet.job(job_id).lease_until
        span = fleet.settings.jobs.lease_s
        wait_until(
            lambda: (fleet.job(job_id).lease_until - first).total_seconds() > 2 * span,
            what="two leases to pass",
        )
        go.touch()
        (job,) = fleet.ended(job_id)

    assert (job.state, job.attempts) == (JobState.SUCCEEDED, 1)


def test_stopping_hands_jobs_back_and_leaves_no_process(fleet: Any) -> None:
    sign = fleet.sign("hang")
    job_id = fleet.request("hang", sign=str(sign))
    with fleet.supervised():
        pids = fleet.pids(sign)
    job = fleet.job(job_id)

    assert gone(pids)
    assert children() == []
    assert (job.state, job.attempts, job.error) == (JobState.QUEUED, 0, None)


def test_no_process_while_there_is_nothing_to_do(make_fleet: Any) -> None:
    fleet = make_fleet(idle_s=0.3)
    with fleet.supervised():
        assert children() == []
        for _ in range(2):
            fleet.ended(fleet.request("succeed"))
            wait_until(lambda: children() == [], what="the warm process to rest")


def test_stop_may_come_before_during_and_after_the_run(fleet: Any) -> None:
    with fleet.supervised() as supervisor:
        supervisor.stop()
        supervisor.stop()
    supervisor.stop()


def test_polars_works_in_child_after_child_and_is_never_used_here(make_fleet: Any) -> None:
    fleet = make_fleet(children=2, lease_s=5.0)
    with fleet.supervised(one=runtime(fleet.settings)):
        jobs = fleet.ended(*[fleet_request(fleet, "use_polars") for _ in range(6)], timeout_s=60)

    assert [(job.state, job.result) for job in jobs] == [("succeeded", {"groups": 7})] * 6


def fleet_request(fleet: Any, kind: str) -> str:
    """Ask for a kind that the light runtime does not have."""
    fleet.runtime = runtime(fleet.settings)
    return fleet.request(kind)


def test_one_service_with_many_jobs_does_not_keep_out_another(make_fleet: Any) -> None:
    busy, other = make_fleet(children=1), make_fleet(children=1)
    many = [busy.request("succeed") for _ in range(6)]
    one = other.request("succeed")
    with busy.supervised(busy=busy.runtime, other=renamed(other)):
        other.ended(one)
        busy.ended(*many)
    started = other.job(one).started_at

    assert sum(busy.job(each).started_at < started for each in many) < 2


def renamed(fleet: Any) -> Any:
    """Another service: it has its own name, so that the two can be told apart."""
    return build_runtime(
        fleet.settings, worker="sample_service.worker:light_runtime", kinds=KINDS[:3]
    )


def test_a_service_whose_database_is_away_delays_no_other(make_fleet: Any) -> None:
    fleet, broken = make_fleet(), make_fleet()
    url = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"
    settings = broken.settings.model_copy(
        update={"database": broken.settings.database.model_copy(update={"url": url})}
    )
    away = build_runtime(
        settings, worker="x:y", kinds=(JobKind(name="k", run="x:y", queue="sample"),)
    )
    go = fleet.sign("go")
    job_id = fleet.request("wait_for_file", sign=str(fleet.sign("s")), go=str(go))
    with fleet.supervised(away=away, fine=fleet.runtime):
        wait_until(fleet.sign("s").exists)
        first = fleet.job(job_id).lease_until
        wait_until(
            lambda: (fleet.job(job_id).lease_until - first).total_seconds() > 2.0,
            what="the leases of the service that is fine",
        )
        go.touch()
        (job,) = fleet.ended(job_id)

    assert (job.state, job.attempts) == (JobState.SUCCEEDED, 1)


def test_descriptors_of_the_supervisor_do_not_reach_children(fleet: Any) -> None:
    read, write = os.pipe()
    sign = fleet.sign("hang")
    job_id = fleet.request("hang", sign=str(sign))
    with fleet.supervised():
        for process in fleet.pids(sign):
            links = [each.readlink() for each in Path(f"/proc/{process.pid}/fd").iterdir()]
            assert Path(f"/proc/self/fd/{read}").readlink() not in links
        fleet.cancel(job_id)
        fleet.ended(job_id)
    os.close(read)
    os.close(write)
