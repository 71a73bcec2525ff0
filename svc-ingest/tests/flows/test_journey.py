"""Where a flow stands: decided by what is known, whatever the order it came in."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_lib.contracts.catalog import FlowState
from shared_lib.contracts.jobs import JobState
from svc_ingest.flows.journey import MAKING, Standing, newest_jobs, standing_of

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
    asked_at: datetime | None = START
    tables: int = 1

    @property
    def table_version_id(self) -> str:
        return f"tv_{self.job_id}"


@dataclass(frozen=True)
class Judgement:
    id: str
    table_version_id: str
    verdict: str | None
    suite_name: str = "suite"
    job_id: str = "jb_judge"
    at: datetime = START + timedelta(seconds=20)
    revision: int = 2


@dataclass(frozen=True)
class Decided:
    table_version_id: str
    revision: int = 1_000_000
    decisions: Sequence[Mapping[str, Any]] = ()
    at: datetime = START


def job(number: int, file_id: str, state: JobState, *, kind: str = "convert") -> Job:
    """The `number`th job of the fleet; it ends that many seconds after the start."""
    ended_at = START + timedelta(seconds=number) if state.ended else None
    return Job(id=f"jb_{number:04}", subject_id=file_id, state=state, kind=kind, ended_at=ended_at)


def table(of: Job, *, seconds: float = 0) -> Table:
    return Table(job_id=of.id, published_at=START + timedelta(seconds=seconds))


@dataclass(frozen=True)
class Build:
    """A build of a knowledge base; `details` when its event has come."""

    id: str
    job_id: str
    details: dict[str, Any] | None = None
    base_id: str = "kb"
    at: datetime = START


def standing(
    file_ids: Sequence[str],
    *,
    jobs: Sequence[Job],
    tables: Sequence[Table],
    judgements: Sequence[Judgement] = (),
    decided: Sequence[Decided] | None = None,
    trained: Sequence[str] = (),
    reported: Sequence[str] = (),
    builds: Sequence[Build] = (),
    documents: bool = False,
    builds_asked_at: datetime | None = None,
) -> Standing:
    """Where the flow stands; no trigger is asked unless `decided` says otherwise."""
    if decided is None:
        decided = [Decided(each.table_version_id) for each in tables]
    return standing_of(
        file_ids,
        jobs=jobs,
        tables=tables,
        judgements=judgements,
        decided=decided,
        trained=trained,
        reported=reported,
        builds=builds,
        documents=documents,
        builds_asked_at=builds_asked_at,
    )


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
    found = standing(["f"], jobs=[job(1, "f", state)], tables=[])

    assert found.state == expected
    assert (found.ended_at is None) == (expected == FlowState.RUNNING)


def test_a_file_without_a_job_keeps_the_flow_running() -> None:
    done = job(1, "f", JobState.SUCCEEDED)

    assert standing(["f", "g"], jobs=[done], tables=[table(done)]).state == FlowState.RUNNING


def test_a_flow_ends_with_its_last_outcome() -> None:
    first, second = job(3, "f", JobState.SUCCEEDED), job(5, "g", JobState.SUCCEEDED)

    found = standing(
        ["f", "g"], jobs=[first, second], tables=[table(first), table(second, seconds=9)]
    )

    assert found.state == FlowState.SUCCEEDED
    assert found.ended_at == START + timedelta(seconds=9)


def test_a_file_that_is_converted_again_counts_by_its_newest_job() -> None:
    failed, again = job(1, "f", JobState.FAILED), job(2, "f", JobState.RUNNING)

    assert standing(["f"], jobs=[failed, again], tables=[]).state == FlowState.RUNNING
    done = replace(again, state=JobState.SUCCEEDED, ended_at=START)
    assert standing(["f"], jobs=[failed, done], tables=[table(done)]).state == (FlowState.SUCCEEDED)


def test_only_conversions_decide() -> None:
    done = job(1, "f", JobState.SUCCEEDED)
    other = job(2, "f", JobState.FAILED, kind="recompute")

    assert standing(["f"], jobs=[done, other], tables=[table(done)]).state == (FlowState.SUCCEEDED)


@pytest.mark.parametrize(
    ("verdict", "job_state", "expected"),
    [
        ("passed", JobState.SUCCEEDED, FlowState.SUCCEEDED),
        ("warned", JobState.RUNNING, FlowState.SUCCEEDED),
        ("failed", JobState.SUCCEEDED, FlowState.FAILED),
        (None, JobState.QUEUED, FlowState.RUNNING),
        # The job's event came before the verdict's.
        (None, JobState.SUCCEEDED, FlowState.RUNNING),
        (None, JobState.DEAD, FlowState.FAILED),
        (None, JobState.CANCELLED, FlowState.CANCELLED),
        (None, None, FlowState.RUNNING),
    ],
)
def test_a_flow_waits_for_the_gate_and_ends_as_it_says(
    verdict: str | None, job_state: JobState | None, expected: FlowState
) -> None:
    done = job(1, "f", JobState.SUCCEEDED)
    judging = [replace(done, id="jb_judge", kind="judge", state=job_state)] if job_state else []
    found = standing(
        ["f"],
        jobs=[done, *judging],
        tables=[table(done)],
        judgements=[Judgement("qj_1", table(done).table_version_id, verdict)],
    )

    assert found.state == expected
    if verdict:
        assert found.ended_at == START + timedelta(seconds=20)


def test_a_table_that_the_gate_has_not_heard_of_keeps_the_flow_running() -> None:
    done = job(1, "f", JobState.SUCCEEDED)
    unheard = replace(table(done), asked_at=None)

    assert standing(["f"], jobs=[done], tables=[unheard]).state == FlowState.RUNNING


def test_each_suites_newest_judgement_counts() -> None:
    done = job(1, "f", JobState.SUCCEEDED)
    of = table(done).table_version_id
    first, again = Judgement("qj_1", of, "failed"), Judgement("qj_2", of, "passed")
    other = Judgement("qj_3", of, "failed", suite_name="other")

    def state(*judgements: Judgement) -> FlowState:
        found = standing(["f"], jobs=[done], tables=[table(done)], judgements=judgements)
        return found.state

    assert state(again, first) == FlowState.SUCCEEDED
    assert state(again, first, other) == FlowState.FAILED


@pytest.mark.parametrize(
    ("revision", "training", "told", "expected"),
    [
        (2, None, False, FlowState.RUNNING),  # it answers to an older verdict
        (3, None, False, FlowState.RUNNING),
        (3, JobState.QUEUED, False, FlowState.RUNNING),
        (3, JobState.SUCCEEDED, False, FlowState.RUNNING),
        (3, JobState.SUCCEEDED, True, FlowState.SUCCEEDED),
        (3, JobState.FAILED, False, FlowState.FAILED),
        (3, JobState.CANCELLED, False, FlowState.CANCELLED),
    ],
)
def test_a_flow_waits_for_the_triggers_and_what_they_have_trained(
    revision: int, training: JobState | None, told: bool, expected: FlowState
) -> None:
    done = job(1, "f", JobState.SUCCEEDED)
    of = table(done).table_version_id
    train = replace(job(40, "f", training, kind="train"), id="jb_train") if training else None
    found = standing(
        ["f"],
        jobs=[done, train] if train else [done],
        tables=[table(done)],
        judgements=[Judgement("qj_1", of, "passed")],
        decided=[Decided(of, revision, [{"train": True, "job_id": "jb_train"}])],
        trained=["jb_train"] if told else [],
    )

    assert found.state == expected
    if expected != FlowState.RUNNING:
        assert found.ended_at == START + timedelta(seconds=40)


@pytest.mark.parametrize(
    ("promised", "train", "reporting", "told", "expected"),
    [
        ("never", True, None, False, FlowState.SUCCEEDED),
        ("when_trained", True, None, False, FlowState.RUNNING),
        ("when_trained", True, JobState.SUCCEEDED, False, FlowState.RUNNING),
        ("when_trained", True, JobState.SUCCEEDED, True, FlowState.SUCCEEDED),
        ("when_trained", True, JobState.FAILED, False, FlowState.FAILED),
        ("always", False, None, False, FlowState.RUNNING),
        ("always", False, JobState.RUNNING, False, FlowState.RUNNING),
        ("always", False, JobState.SUCCEEDED, True, FlowState.SUCCEEDED),
        ("always", False, JobState.CANCELLED, False, FlowState.CANCELLED),
    ],
)
def test_a_flow_waits_for_the_reports_it_was_promised(
    promised: str, train: bool, reporting: JobState | None, told: bool, expected: FlowState
) -> None:
    done = job(1, "f", JobState.SUCCEEDED)
    of = table(done).table_version_id
    trained = replace(job(30, "f", JobState.SUCCEEDED, kind="train"), id="jb_train")
    subject = "tj_1" if train else "td_1"
    decision = {
        "decision_id": "td_1",
        "train": train,
        "job_id": "jb_train" if train else None,
        "training_job_id": "tj_1" if train else None,
        "report": promised,
    }
    report = [job(40, subject, reporting, kind="report")] if reporting else []
    # What an override of the gate has made old is not waited for.
    before = Decided(of, 1, [decision | {"decision_id": "td_0", "train": False, "job_id": None,
                                         "training_job_id": None}])  # fmt: skip
    found = standing(
        ["f"],
        jobs=[done, trained, *report],
        tables=[table(done)],
        decided=[before, Decided(of, 2, [decision])],
        trained=["jb_train"],
        reported=[subject] if told else [],
    )

    assert found.state == expected
    if told and expected != FlowState.RUNNING:
        assert found.ended_at == START + timedelta(seconds=40)


def test_a_flow_that_no_trigger_has_answered_runs_on() -> None:
    done = job(1, "f", JobState.SUCCEEDED)
    found = standing(["f"], jobs=[done], tables=[table(done)], decided=[])

    assert found.state == FlowState.RUNNING
    refused = [Decided(table(done).table_version_id, 1, [{"train": False, "job_id": None}])]
    found = standing(["f"], jobs=[done], tables=[table(done)], decided=refused)
    assert found.state == FlowState.SUCCEEDED


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
    expected = standing(["f", "g"], jobs=jobs, tables=tables)

    order.shuffle(jobs)
    order.shuffle(tables)

    assert standing(["g", "f"], jobs=jobs, tables=tables) == expected


@given(drawn=jobs_of_a_flow)
def test_a_flow_has_ended_exactly_when_every_file_has(drawn: list[tuple[Job, bool]]) -> None:
    jobs = [each for each, _ in drawn]
    published = {each.id for each, yes in drawn if yes}
    newest = newest_jobs(jobs, kinds=MAKING)
    ended = all(
        file_id in newest
        and JobState(newest[file_id].state).ended
        and (newest[file_id].state != JobState.SUCCEEDED or newest[file_id].id in published)
        for file_id in ("f", "g")
    )

    found = standing(["f", "g"], jobs=jobs, tables=[table(each) for each, yes in drawn if yes])

    assert (found.state != FlowState.RUNNING) == ended
    assert (found.ended_at is not None) == ended


@pytest.mark.parametrize(
    ("asked", "builds", "expected"),
    [
        pytest.param(False, [], FlowState.RUNNING, id="not-asked-yet"),
        pytest.param(True, [], FlowState.SUCCEEDED, id="no-base"),
        pytest.param(True, [(JobState.RUNNING, None)], FlowState.RUNNING, id="at-work"),
        pytest.param(True, [(JobState.SUCCEEDED, None)], FlowState.RUNNING, id="not-told-yet"),
        pytest.param(True, [(JobState.SUCCEEDED, {})], FlowState.SUCCEEDED, id="built"),
        pytest.param(
            True, [(JobState.SUCCEEDED, {"embed_job_id": "job_9"})], FlowState.RUNNING,
            id="not-embedded-yet",
        ),
        pytest.param(
            True,
            [(JobState.SUCCEEDED, {"embed_job_id": job(0, "kb", JobState.SUCCEEDED).id})],
            FlowState.SUCCEEDED,
            id="embedded",
        ),
        pytest.param(True, [(JobState.FAILED, None)], FlowState.FAILED, id="failed"),
        pytest.param(
            True, [(JobState.FAILED, None), (JobState.SUCCEEDED, {})], FlowState.SUCCEEDED,
            id="built-again",
        ),
    ],
)  # fmt: skip
def test_documents_wait_for_knowledge_bases_and_not_for_tables(
    asked: bool, builds: list[tuple[JobState, dict[str, Any] | None]], expected: FlowState
) -> None:
    jobs = [job(number, "kb", state) for number, (state, _) in enumerate(builds)]
    found = standing(
        ["f", "g"],
        jobs=[replace(each, kind="build") for each in jobs],
        tables=[],
        builds=[
            Build(id=f"b{number}", job_id=jobs[number].id, details=details)
            for number, (_, details) in enumerate(builds)
        ],
        documents=True,
        builds_asked_at=START if asked else None,
    )
    assert found.state == expected
    assert (found.ended_at is None) == (expected == FlowState.RUNNING)
