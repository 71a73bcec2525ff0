"""Claims, fences, leases and cancels: what holds when several act at once."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from shared_lib.contracts.base import utc_now
from shared_lib.contracts.errors import UnavailableError
from shared_lib.contracts.jobs import JobState
from shared_lib.jobs import JobContext, JobQueue
from shared_lib.jobs.child import _start
from shared_lib.jobs.errors import JobAlreadyEndedError, JobNotFoundError, LeaseLostError
from shared_lib.jobs.kinds import JobKind
from shared_lib.jobs.models import JobRow
from shared_lib.jobs.queue import OUTAGE_PATIENCE
from shared_lib.jobs.repository import JobRepository
from shared_lib.jobs.sweep import sweep_jobs, sweep_scratch

PROBLEM = UnavailableError("Away. Try again.").problem()


def claim(fleet: Any, *, lease_s: float = 60.0, worker: str = "w") -> JobRow | None:
    with fleet.runtime.database.write() as unit:
        job = JobRepository(unit).claim(kinds=fleet.runtime.kinds, worker=worker, lease_s=lease_s)
        if job is not None:
            unit.session.expunge(job)
        return job


def start(fleet: Any, job: JobRow) -> JobContext:
    claimed = _start(fleet.runtime, job_id=job.id, fence=job.fence)
    assert claimed is not None
    return JobContext(claimed, runtime=fleet.runtime, scratch=fleet.folder / "scratch")


def test_eight_claimers_get_each_job_once(either_fleet: Any) -> None:
    jobs = [either_fleet.request("succeed") for _ in range(40)]
    begin = threading.Barrier(8)

    def work(number: int) -> list[str]:
        begin.wait()
        mine = []
        while len(mine) < 40:
            job = claim(either_fleet, worker=f"w{number}")
            if job is None:
                # Another claim may have held the last row for a moment only.
                with either_fleet.runtime.database.read() as view:
                    if not JobRepository(view).has_claimable(kinds=either_fleet.runtime.kinds):
                        return mine
                continue
            mine.append(job.id)
        return mine

    with ThreadPoolExecutor(8) as pool:
        claimed = [job_id for mine in pool.map(work, range(8)) for job_id in mine]

    assert Counter(claimed) == dict.fromkeys(jobs, 1)
    assert {(either_fleet.job(j).fence, either_fleet.job(j).attempts) for j in jobs} == {(1, 1)}


def test_the_oldest_due_job_comes_first_and_later_ones_wait(fleet: Any) -> None:
    first, second, later = (fleet.request("succeed") for _ in range(3))
    with fleet.runtime.database.write() as unit:
        unit.session.execute(
            update(JobRow)
            .where(JobRow.id == later)
            .values(run_after=utc_now() + timedelta(hours=1))
        )

    assert [job.id if job else None for job in (claim(fleet), claim(fleet), claim(fleet))] == [
        first,
        second,
        None,
    ]


def test_a_kind_that_this_release_does_not_know_is_left_alone(fleet: Any) -> None:
    fleet.request("succeed")
    other = {"another": JobKind(name="another", run="x:y", queue="sample")}
    with fleet.runtime.database.write() as unit:
        assert JobRepository(unit).claim(kinds=other, worker="w", lease_s=1) is None


def test_a_zombie_can_do_nothing_any_more(either_fleet: Any) -> None:
    fleet = either_fleet
    fleet.request("succeed")
    first = claim(fleet, lease_s=-1)
    zombie = start(fleet, first)
    assert sweep_jobs(fleet.runtime) == 1
    with fleet.runtime.database.write() as unit:
        unit.session.execute(update(JobRow).values(run_after=utc_now()))
    second = claim(fleet)
    assert (second.id, second.fence, second.attempts) == (first.id, 2, 2)

    with pytest.raises(LeaseLostError), zombie.publish({"of": "zombie"}):
        raise AssertionError("the block of a refused publish must not run")
    with pytest.raises(LeaseLostError):
        zombie.progress(1, 1)
    with pytest.raises(LeaseLostError):
        zombie.log("still here")
    with pytest.raises(LeaseLostError):
        zombie.start_publishing()
    assert _start(fleet.runtime, job_id=first.id, fence=first.fence) is None
    with fleet.runtime.database.write() as unit:
        assert JobRepository(unit).renew(first.id, fence=1, lease_s=60) is None
        assert JobRepository(unit).lock_held(first.id, fence=1) is None
    assert fleet.state(first.id) == JobState.CLAIMED

    with start(fleet, second).publish({"of": "second"}):
        pass
    assert fleet.job(first.id).result == {"of": "second"}


def test_a_job_ends_once(either_fleet: Any) -> None:
    fleet = either_fleet
    job_id = fleet.request("succeed")
    job = claim(fleet)
    context = start(fleet, job)
    with context.publish({}):
        pass
    with pytest.raises(LeaseLostError), context.publish({}):
        pass
    with fleet.runtime.database.write() as unit:
        again = JobQueue(fleet.runtime).end(
            unit, job_id=job_id, fence=job.fence, state=JobState.FAILED
        )
        assert again is None

    assert fleet.state(job_id) == JobState.SUCCEEDED
    assert [e["state"] for e in fleet.entries(job_id, "state")] == [
        "queued",
        "running",
        "succeeded",
    ]


def test_a_renewed_lease_is_not_swept(either_fleet: Any) -> None:
    either_fleet.request("succeed")
    job = claim(either_fleet, lease_s=-1)
    with either_fleet.runtime.database.write() as unit:
        assert JobRepository(unit).renew(job.id, fence=job.fence, lease_s=60) is not None

    assert sweep_jobs(either_fleet.runtime) == 0


def test_of_two_sweeps_one_requeues(either_fleet: Any) -> None:
    fleet = either_fleet
    jobs = [fleet.request("succeed") for _ in range(20)]
    while claim(fleet, lease_s=-1):
        pass
    begin = threading.Barrier(2)

    def sweep(_: int) -> int:
        begin.wait()
        return sweep_jobs(fleet.runtime)

    with ThreadPoolExecutor(2) as pool:
        swept = list(pool.map(sweep, range(2)))

    assert sum(swept) == 20
    for job_id in jobs:
        job = fleet.job(job_id)
        assert (job.state, job.fence, job.lease_until) == (JobState.QUEUED, 1, None)
        assert [e["state"] for e in fleet.entries(job_id, "state")] == ["queued", "queued"]


def test_tries_are_bounded_and_wait_longer_each_time(make_fleet: Any) -> None:
    fleet = make_fleet(retry_backoff_s=100.0)
    job_id = fleet.request("fail_infrastructure")
    waits = []
    while (job := claim(fleet)) is not None:
        before = utc_now()
        with fleet.runtime.database.write() as unit:
            held = JobRepository(unit).lock_held(job.id, fence=job.fence)
            JobQueue(fleet.runtime).retry(unit, job=held, error=PROBLEM)
        waits.append((fleet.job(job_id).run_after - before).total_seconds())
        with fleet.runtime.database.write() as unit:
            unit.session.execute(update(JobRow).values(run_after=utc_now()))

    dead = fleet.job(job_id)
    assert (dead.state, dead.failure, dead.attempts) == (JobState.DEAD, "infrastructure", 2)
    assert dead.error["code"] == "unavailable"
    assert 99 < waits[0] < 102


def test_a_wait_does_not_grow_beyond_five_minutes(make_fleet: Any) -> None:
    fleet = make_fleet(retry_backoff_s=100.0)
    fleet.request("succeed")
    job = claim(fleet)
    with fleet.runtime.database.write() as unit:
        held = JobRepository(unit).lock_held(job.id, fence=job.fence)
        held.attempts, held.max_attempts = 500, 1000
        unit.session.flush()
        again = JobQueue(fleet.runtime).retry(unit, job=held, error=PROBLEM)
        assert again.run_after - utc_now() < timedelta(seconds=301)


def test_an_outage_uses_up_no_try_for_a_day(make_fleet: Any) -> None:
    fleet = make_fleet(retry_backoff_s=10.0)
    job_id = fleet.request("fail_infrastructure")
    waits = []

    def meet_an_outage() -> None:
        before, job = utc_now(), claim(fleet)
        with fleet.runtime.database.write() as unit:
            held = JobRepository(unit).lock_held(job.id, fence=job.fence)
            JobQueue(fleet.runtime).retry(unit, job=held, error=PROBLEM, outage=True)
        waits.append(round((fleet.job(job_id).run_after - before).total_seconds()))
        with fleet.runtime.database.write() as unit:
            unit.session.execute(update(JobRow).values(run_after=utc_now()))

    for _ in range(5):
        meet_an_outage()
    job = fleet.job(job_id)
    assert (job.state, job.attempts, job.fence) == (JobState.QUEUED, 0, 5)
    assert waits == [10, 20, 30, 30, 30]

    with fleet.runtime.database.write() as unit:
        unit.session.execute(update(JobRow).values(created_at=utc_now() - OUTAGE_PATIENCE))
    for _ in range(job.max_attempts):
        meet_an_outage()
    assert fleet.job(job_id).state == JobState.DEAD


def test_handing_back_uses_up_no_try(either_fleet: Any) -> None:
    job_id = either_fleet.request("succeed")
    job = claim(either_fleet)
    with either_fleet.runtime.database.write() as unit:
        held = JobRepository(unit).lock_held(job.id, fence=job.fence)
        JobQueue(either_fleet.runtime).hand_back(unit, job=held)

    assert either_fleet.job(job_id).attempts == 0
    again = claim(either_fleet)
    assert (again.fence, again.attempts) == (2, 1)


def test_cancelling_a_queued_job_ends_it_now(either_fleet: Any) -> None:
    job_id = either_fleet.request("succeed")
    either_fleet.cancel(job_id)

    assert either_fleet.state(job_id) == JobState.CANCELLED
    assert claim(either_fleet) is None
    with pytest.raises(JobAlreadyEndedError):
        either_fleet.cancel(job_id)


def test_cancelling_what_is_not_there_or_not_yours(fleet: Any) -> None:
    job_id = fleet.request("succeed")
    for wanted, tenant in (("job_tr_none", "tn_a"), (job_id, "tn_b")):
        with pytest.raises(JobNotFoundError), fleet.runtime.database.write() as unit:
            JobQueue(fleet.runtime).cancel(unit, job_id=wanted, tenant=tenant)


def test_a_cancelled_running_job_is_not_tried_again(either_fleet: Any) -> None:
    fleet = either_fleet
    job_id = fleet.request("succeed")
    claim(fleet, lease_s=-1)
    fleet.cancel(job_id)
    assert fleet.state(job_id) == JobState.CLAIMED
    sweep_jobs(fleet.runtime)

    assert fleet.state(job_id) == JobState.CANCELLED


def test_a_cancel_and_a_claim_at_once_leave_no_cancelled_job_running(either_fleet: Any) -> None:
    fleet = either_fleet
    for _ in range(15):
        job_id = fleet.request("succeed")
        begin = threading.Barrier(2)

        def cancel(job_id: str = job_id, begin: threading.Barrier = begin) -> None:
            begin.wait()
            fleet.cancel(job_id)

        thread = threading.Thread(target=cancel)
        thread.start()
        begin.wait()
        claimed = claim(fleet)
        thread.join()
        job = fleet.job(job_id)
        if claimed is None:
            assert job.state == JobState.CANCELLED
        else:
            assert (job.state, job.cancel_requested) == (JobState.CLAIMED, True)


def test_a_reader_that_goes_on_after_the_last_entry_misses_none(either_fleet: Any) -> None:
    """Ids are given before a commit: without the row's lock a later id could be seen earlier."""
    fleet = either_fleet
    job_id = fleet.request("succeed")
    context = start(fleet, claim(fleet))
    stop = threading.Event()
    seen: list[int] = []

    def read() -> None:
        while True:
            last_round = stop.is_set()
            with fleet.runtime.database.read() as view:
                rows = JobRepository(view).entries(job_id, after=seen[-1] if seen else 0)
                seen.extend(row.id for row in rows)
            if last_round and not rows:
                return

    reader = threading.Thread(target=read)
    reader.start()
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda n: context.log(f"line {n}"), range(120)))
    stop.set()
    reader.join()

    assert len(seen) == len(set(seen)) == 122
    assert len(fleet.entries(job_id, "log")) == 120


def test_scratch_of_ended_and_overtaken_tries_goes_and_of_live_ones_stays(fleet: Any) -> None:
    ended, live = fleet.request("succeed"), fleet.request("succeed")
    for _ in range(2):
        claim(fleet)
    with fleet.runtime.database.write() as unit:
        JobQueue(fleet.runtime).end(unit, job_id=ended, fence=1, state=JobState.FAILED)
    folder = fleet.settings.scratch_folder
    names = [f"{ended}-1", f"{live}-1", f"{live}-0", "job_tr_unknown-1", "job_pq_other-1", "x"]
    for name in names:
        (folder / name).mkdir(parents=True)
    sweep_scratch(fleet.runtime)

    left = {entry.name for entry in folder.iterdir()}
    assert left == {f"{live}-1", "job_tr_unknown-1", "job_pq_other-1", "x"}
