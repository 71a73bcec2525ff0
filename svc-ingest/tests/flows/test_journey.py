"""Where a flow stands: decided by what is known, whatever the order it came in."""

import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_lib.contracts.catalog import FlowState
from shared_lib.contracts.jobs import JobState
from svc_ingest.flows.journey import newest_jobs, standing_of

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Job:
    id: str
    subject_id: str | None
    state: str
    kind: str = "convert"
    ended_at: datetime | None = None


@dataclass(frozen=True)
class Table:
    job_id: str
    published_at: datetime


def job(number: int, file_id: str, state: JobState, *, kind: str = "convert") -> Job:
    """The `number`th job of the fleet; it ends that many seconds after the start."""
    ended_at = START + timedelta(seconds=number) if state.ended else None
    return Job(id=f"jb_{number:04}", subject_id=file_id, state=state, kind=kind, ended_at=ended_at)


def table(of: Job, *, seconds: float = 0) -> Table:
    return Table(job_id=of.id, published_at=START + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (JobState.QUEUED, FlowState.RUNNING),
        (JobState.CLAIMED, FlowState.RUNNING),
        (JobState.RUNNING, FlowState.RUNNING),
        (JobState.PUBLISHING, FlowState.RUNNING),
        (JobState.FAILED, FlowState.FAILED),
        (JobState.DEAD, FlowState.FAILED),
        (JobState.CANCELLED, FlowState.CANCELLED),
        # Its table has not been told of yet: the reader would find none.
        (JobState.SUCCEEDED, FlowState.RUNNING),
    ],
)
def test_one_file_without_a_table(state: JobState, expected: FlowState) -> None:
    standing = standing_of(["f"], jobs=[job(1, "f", state)], tables=[])

    assert standing.state == expected
    assert (standing.ended_at is None) == (expected == FlowState.RUNNING)


def test_a_file_without_a_job_keeps_the_flow_running() -> None:
    done = job(1, "f", JobState.SUCCEEDED)

    assert standing_of(["f", "g"], jobs=[done], tables=[table(done)]).state == FlowState.RUNNING


def test_a_flow_ends_with_its_last_outcome() -> None:
    first, second = job(3, "f", JobState.SUCCEEDED), job(5, "g", JobState.SUCCEEDED)

    standing = standing_of(
        ["f", "g"], jobs=[first, second], tables=[table(first), table(second, seconds=9)]
    )

    assert standing.state == FlowState.SUCCEEDED
    assert standing.ended_at == START + timedelta(seconds=9)


def test_a_file_that_is_converted_again_counts_by_its_newest_job() -> None:
    failed, again = job(1, "f", JobState.FAILED), job(2, "f", JobState.RUNNING)

    assert standing_of(["f"], jobs=[failed, again], tables=[]).state == FlowState.RUNNING
    done = replace(again, state=JobState.SUCCEEDED, ended_at=START)
    assert standing_of(["f"], jobs=[failed, done], tables=[table(done)]).state == (
        FlowState.SUCCEEDED
    )


def test_only_conversions_decide() -> None:
    done = job(1, "f", JobState.SUCCEEDED)
    other = job(2, "f", JobState.FAILED, kind="recompute")

    assert standing_of(["f"], jobs=[done, other], tables=[table(done)]).state == (
        FlowState.SUCCEEDED
    )


file_ids = st.sampled_from(["f", "g", "h"])
jobs_of_a_flow = st.lists(
    st.tuples(file_ids, st.sampled_from(list(JobState)), st.booleans()), max_size=8
).map(
    lambda drawn: [
        (job(number, file_id, state), published and state == JobState.SUCCEEDED)
        for number, (file_id, state, published) in enumerate(drawn)
    ]
)


@given(drawn=jobs_of_a_flow, order=st.randoms(use_true_random=False))
def test_the_order_of_events_has_no_effect(
    drawn: list[tuple[Job, bool]], order: random.Random
) -> None:
    jobs = [each for each, _ in drawn]
    tables = [table(each, seconds=2) for each, published in drawn if published]
    expected = standing_of(["f", "g"], jobs=jobs, tables=tables)

    order.shuffle(jobs)
    order.shuffle(tables)

    assert standing_of(["g", "f"], jobs=jobs, tables=tables) == expected


@given(drawn=jobs_of_a_flow)
def test_a_flow_has_ended_exactly_when_every_file_has(drawn: list[tuple[Job, bool]]) -> None:
    jobs = [each for each, _ in drawn]
    published = {each.id for each, yes in drawn if yes}
    newest = newest_jobs(jobs)
    ended = all(
        file_id in newest
        and JobState(newest[file_id].state).ended
        and (newest[file_id].state != JobState.SUCCEEDED or newest[file_id].id in published)
        for file_id in ("f", "g")
    )

    standing = standing_of(
        ["f", "g"], jobs=jobs, tables=[table(each) for each, yes in drawn if yes]
    )

    assert (standing.state != FlowState.RUNNING) == ended
    assert (standing.ended_at is not None) == ended
