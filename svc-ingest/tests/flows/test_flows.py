"""Flows over the wire: events of other services in, one journey out."""

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from ingest_service import EVERY_REVISION, Ingest, events_of, job_summary, published

from shared_lib.contracts.errors import Problem
from shared_lib.contracts.events import (
    JOB_CHANGED,
    QUALITY_JUDGED,
    REPORT_PUBLISHED,
    TABLE_PUBLISHED,
    TRAINING_FINISHED,
    JobChanged,
    QualityJudged,
    ReportPublished,
    TablePublished,
    TrainingDecision,
    TrainingFinished,
)
from shared_lib.contracts.ids import IdKind, new_id, new_job_id
from shared_lib.contracts.jobs import JobState
from shared_lib.testing.services import OTHER


def flow_of(ingest: Ingest, version: Any) -> Any:
    return ingest.get(f"/v1/flows/{version['flow_id']}")


def steps(flow: Any) -> list[tuple[str, str]]:
    return [(step["name"], step["state"]) for step in flow["steps"]]


def test_a_landing_begins_its_flow(ingest: Ingest) -> None:
    version = ingest.land("people")

    flow = flow_of(ingest, version)

    assert (flow["state"], flow["ended_at"]) == ("running", None)
    assert (flow["dataset_name"], flow["version_id"]) == ("people", version["id"])
    (landed,) = flow["steps"]
    file = version["files"][0]
    assert (landed["name"], landed["state"], landed["subject"]) == ("landed", "succeeded", "a.csv")
    assert landed["facts"] == {"bytes": file["bytes"], "sha256": file["sha256"]}
    assert ingest.get(landed["links"]["file"]) == file


def test_a_flow_succeeds_with_its_table(ingest: Ingest) -> None:
    version = ingest.land("people")
    job_id = ingest.tell_job(version)
    assert flow_of(ingest, version)["state"] == "running"

    table = ingest.tell_table(version, job_id=job_id)

    flow = flow_of(ingest, version)
    assert (flow["state"], flow["ended_at"] is None) == ("succeeded", False)
    assert steps(flow) == [(name, "succeeded") for name in ("landed", "converted", "published")]
    converted, shown = flow["steps"][1:]
    assert (converted["job_id"], converted["links"]) == (job_id, {"job": f"/v1/jobs/{job_id}"})
    assert converted["duration_s"] is not None
    assert shown["links"] == {"table": f"/v1/tables/{table.table_id}"}
    assert shown["facts"]["quarantined_rows"] == 1
    assert shown["facts"]["widened_columns"] == 1


def tell_in_order(ingest: Ingest, order: tuple[int, ...]) -> Any:
    """One conversion's whole story, its events in this order; the flow at the end."""
    version = ingest.land(f"people-{''.join(map(str, order))}")
    job_id, flow_id = new_job_id("pq"), version["flow_id"]
    table = published(version, job_id=job_id)

    def job(state: JobState, revision: int) -> Callable[[], Any]:
        summary = job_summary(
            version["files"][0]["id"], flow_id=flow_id, state=state, job_id=job_id
        )
        changed = JobChanged(job=summary, revision=revision)
        return lambda: ingest.tell(JOB_CHANGED, changed, flow_id=flow_id)

    story = [
        job(JobState.QUEUED, 1),
        job(JobState.RUNNING, 2),
        job(JobState.SUCCEEDED, 3),
        lambda: ingest.tell(TABLE_PUBLISHED, table, flow_id=flow_id),
    ]
    for index in order:
        assert story[index]().status_code == 200
    ingest.tell_asked(version, table)
    return flow_of(ingest, version)


def judged(version: Any, table: TablePublished, **changes: Any) -> QualityJudged:
    """A verdict as `quality.judged` tells of it."""
    return QualityJudged(
        **{
            "judgement_id": "qj_1",
            "suite_id": "su_1",
            "suite_name": "people",
            "suite_version": 1,
            "dataset_name": version["dataset_name"],
            "version_id": version["id"],
            "file_id": table.file_id,
            "table_id": table.table_id,
            "table_version_id": table.table_version_id,
            "job_id": "job_qu_qj_1",
            "verdict": "failed",
            "found": "failed",
            "reasons": ["amount: 3 rows of 10 (30 %) below 0; none may be."],
            "remedies": ["Correct or take out 3 rows of them."],
            "checks": 4,
            "passed": 3,
            "revision": 2,
            **changes,
        }
    )


def test_every_order_of_the_gates_events_ends_in_the_same_flow(light_ingest: Ingest) -> None:
    for order in itertools.permutations(range(4)):
        version = light_ingest.land(f"gate-{''.join(map(str, order))}")
        flow_id, job_id = version["flow_id"], new_job_id("pq")
        table = published(version, job_id=job_id)
        verdict = judged(version, table, judgement_id=f"qj_{flow_id}")
        story = [
            lambda v=version, j=job_id: light_ingest.tell_job(v, job_id=j, revision=3),
            lambda t=table, f=flow_id: light_ingest.tell(TABLE_PUBLISHED, t, flow_id=f),
            lambda v=version, t=table, f=flow_id: light_ingest.tell_asked(v, t, people=f"qj_{f}"),
            lambda r=verdict, f=flow_id: light_ingest.tell(QUALITY_JUDGED, r, flow_id=f),
        ]
        for index in order:
            assert flow_of(light_ingest, version)["state"] in {"running", "failed"}
            story[index]()
        flow = flow_of(light_ingest, version)
        assert flow["state"] == "failed", order
        assert steps(flow)[-1] == ("judged", "failed"), order


def test_a_failed_gate_says_why_and_an_override_lets_the_flow_succeed(ingest: Ingest) -> None:
    version = ingest.land("people")
    flow_id = version["flow_id"]
    table = published(version, job_id=ingest.tell_job(version))
    ingest.tell(TABLE_PUBLISHED, table, flow_id=flow_id)
    ingest.tell_asked(version, table, people="qj_1")
    assert flow_of(ingest, version)["state"] == "running"
    assert ingest.get(f"/v1/versions/{version['id']}")["verdict"] is None

    ingest.tell(QUALITY_JUDGED, judged(version, table), flow_id=flow_id)
    assert ingest.get(f"/v1/versions/{version['id']}")["verdict"] == "failed"
    assert ingest.get("/v1/datasets/people")["latest_version"]["verdict"] == "failed"
    (listed,) = ingest.get("/v1/datasets/people/versions")["items"]
    assert listed["verdict"] == "failed"
    flow = flow_of(ingest, version)
    (step,) = [step for step in flow["steps"] if step["name"] == "judged"]
    assert flow["state"] == "failed"
    assert step["error"]["code"] == "gate_failed"
    assert "3 rows of 10" in step["error"]["detail"]
    assert "take out 3 rows" in step["error"]["detail"]
    assert step["links"]["report"] == "/v1/judgements/qj_1/report"

    accepted = judged(version, table, verdict="warned", overridden_by="key_1", revision=3)
    ingest.tell(QUALITY_JUDGED, accepted, flow_id=flow_id)
    ingest.tell(QUALITY_JUDGED, judged(version, table), flow_id=flow_id)
    flow = flow_of(ingest, version)
    assert (flow["state"], flow["steps"][-1]["state"]) == ("succeeded", "succeeded")
    assert ingest.get(f"/v1/versions/{version['id']}")["verdict"] == "warned"
    assert flow["steps"][-1]["facts"]["overridden_by"] == "key_1"


def test_what_a_schedule_decides_later_joins_the_flow(ingest: Ingest) -> None:
    version = ingest.land("people")
    table = ingest.tell_table(version, job_id=ingest.tell_job(version))
    job_id = new_job_id("tr")
    for number, rule in enumerate(["scheduled", "nothing_new", "nothing_new", "debounce"]):
        train = rule == "scheduled"
        decision = TrainingDecision(
            decision_id=f"td_{number}",
            trigger_id="tg_1",
            pipeline="small",
            train=train,
            rule=rule,
            reason=f"Number {number}.",
            training_job_id="tj_1" if train else None,
            job_id=job_id if train else None,
        )
        ingest.tell_decided(version, table, decision, revision=EVERY_REVISION)
    flow = flow_of(ingest, version)
    decided = [step["facts"]["reason"] for step in flow["steps"] if step["name"] == "decided"]
    assert decided == ["Number 0.", "Number 2.", "Number 3."]
    assert flow["state"] == "running"


def test_a_training_is_a_step_of_the_flow_with_why_and_what_came_of_it(ingest: Ingest) -> None:
    version = ingest.land("people")
    flow_id, job_id = version["flow_id"], new_job_id("tr")
    table = ingest.tell_table(version, job_id=ingest.tell_job(version))
    assert flow_of(ingest, version)["state"] == "succeeded"
    reason = "The gate said passed, and nothing has been trained yet."
    decision = TrainingDecision(
        decision_id="td_1",
        trigger_id="tg_1",
        pipeline="small",
        train=True,
        rule="first",
        reason=reason,
        training_job_id="tj_1",
        job_id=job_id,
        report="when_trained",
    )
    for _ in range(2):
        ingest.tell_decided(version, table, decision, revision=1)
    assert steps(flow_of(ingest, version))[-2:] == [
        ("decided", "succeeded"),
        ("trained", "running"),
    ]
    assert flow_of(ingest, version)["state"] == "running"

    ingest.tell_job(version, job_id=job_id, kind="train", revision=3)
    assert flow_of(ingest, version)["state"] == "running"
    finished = TrainingFinished(
        training_job_id="tj_1",
        job_id=job_id,
        pipeline="small",
        commit="c" * 40,
        dataset_name="people",
        version_id=version["id"],
        file_id=table.file_id,
        table_version_id=table.table_version_id,
        metrics={"r2": 0.9},
        stages_run=1,
        stages_cached=2,
        model="people-small",
        model_version=4,
        alias="challenger",
        promotion="It is not better for certain.",
    )
    ingest.tell(TRAINING_FINISHED, finished, flow_id=flow_id)
    reporting = job_summary("tj_1", flow_id=flow_id, kind="report")
    ingest.tell(JOB_CHANGED, JobChanged(job=reporting, revision=3), flow_id=flow_id)
    assert flow_of(ingest, version)["state"] == "running"
    report = ReportPublished(
        report_id="rp_1",
        job_id=reporting.id,
        subject_id="tj_1",
        model="people-small",
        outcome="challenger",
        comment_url="https://github.com/owner/name/pull/7#issuecomment-1",
    )
    for _ in range(2):
        ingest.tell(REPORT_PUBLISHED, report, flow_id=flow_id)
    flow = flow_of(ingest, version)
    decided, trained, registered, reported = flow["steps"][-4:]
    assert flow["state"] == "succeeded"
    assert reported["facts"] == {
        "pipeline": "small",
        "model": "people-small",
        "outcome": "challenger",
        "comment": report.comment_url,
    }
    assert reported["links"]["training_report"] == "/v1/training-jobs/tj_1/report"
    assert decided["facts"] == {
        "pipeline": "small",
        "train": True,
        "rule": "first",
        "reason": reason,
    }
    assert trained["facts"] == {"pipeline": "small", "stages_run": 1, "stages_cached": 2, "r2": 0.9}
    assert trained["links"]["training_job"] == "/v1/training-jobs/tj_1"
    assert registered["facts"] == {
        "model": "people-small",
        "version": 4,
        "alias": "challenger",
        "reason": "It is not better for certain.",
    }
    assert registered["links"]["model"] == "/v1/models/people-small/versions/4"


def test_every_order_of_events_ends_in_the_same_flow(light_ingest: Ingest) -> None:
    for order in itertools.permutations(range(4)):
        flow = tell_in_order(light_ingest, order)
        assert flow["state"] == "succeeded", order
        assert steps(flow)[1:] == [("converted", "succeeded"), ("published", "succeeded")], order


def test_a_flow_waits_for_all_tables_of_a_file(ingest: Ingest) -> None:
    version = ingest.land("people")
    job_id = ingest.tell_job(version, state=JobState.SUCCEEDED)
    tables = [
        published(version, job_id=job_id, tables=2, table_name=f"a/{name}") for name in ("x", "y")
    ]
    for table, state in zip(tables, ("running", "succeeded"), strict=True):
        ingest.tell(TABLE_PUBLISHED, table, flow_id=version["flow_id"])
        ingest.tell_asked(version, table)
        assert flow_of(ingest, version)["state"] == state

    names = [step["facts"].get("table") for step in flow_of(ingest, version)["steps"]]
    assert names == [None, None, "a/x", "a/y"]


def test_an_event_that_comes_twice_counts_once(ingest: Ingest) -> None:
    version = ingest.land("people")
    job_id = ingest.tell_job(version)
    table = published(version, job_id=job_id)

    for event_id in ("ev_1", "ev_1", "ev_2"):
        answer = ingest.tell(TABLE_PUBLISHED, table, flow_id=version["flow_id"], event_id=event_id)
        assert answer.status_code == 200, answer.text

    assert len(flow_of(ingest, version)["steps"]) == 3
    assert ingest.get("/v1/statistics")["rows_published"] == 10


def test_events_of_many_files_at_once_lose_nothing(ingest: Ingest) -> None:
    uploads = [
        {"upload_id": ingest.put(f"{number}.csv", b"a\n%d\n" % number).json()["id"]}
        for number in range(6)
    ]
    answer = ingest.ask("POST", "/v1/datasets/people/versions", json={"uploads": uploads})
    version = answer.json()
    together = threading.Barrier(len(uploads))

    def convert(file: Any) -> None:
        together.wait()
        alone = {**version, "files": [file]}
        ingest.tell_table(alone, job_id=ingest.tell_job(alone))

    with ThreadPoolExecutor(len(uploads)) as pool:
        list(pool.map(convert, version["files"]))

    flow = flow_of(ingest, version)
    assert flow["state"] == "succeeded"
    assert len(flow["steps"]) == 3 * len(uploads)


def test_a_failed_job_says_why_on_the_flow(ingest: Ingest) -> None:
    version = ingest.land("people")
    why = Problem(type="urn:x", title="No", status=422, code="no_rows", detail="It is empty.")

    ingest.tell_job(version, state=JobState.FAILED, error=why)

    flow = flow_of(ingest, version)
    assert flow["state"] == "failed"
    assert flow["steps"][1]["error"]["detail"] == "It is empty."


def test_converting_again_takes_the_flow_up_again(ingest: Ingest) -> None:
    version = ingest.land("people")
    ingest.tell_job(version, state=JobState.FAILED)

    job_id = ingest.tell_job(version, state=JobState.RUNNING)
    assert (flow_of(ingest, version)["state"], flow_of(ingest, version)["ended_at"]) == (
        "running",
        None,
    )
    ingest.tell_job(version, job_id=job_id, revision=2)
    ingest.tell_table(version, job_id=job_id)

    assert flow_of(ingest, version)["state"] == "succeeded"


def test_an_event_of_another_tenant_does_not_touch_the_flow(ingest: Ingest) -> None:
    version = ingest.land("people")
    job = job_summary(version["files"][0]["id"], flow_id=version["flow_id"], state=JobState.FAILED)

    answer = ingest.tell(
        JOB_CHANGED, JobChanged(job=job, revision=1), flow_id=version["flow_id"], tenant=OTHER
    )

    assert answer.status_code == 200, answer.text
    flow = flow_of(ingest, version)
    assert (flow["state"], len(flow["steps"])) == ("running", 1)


def test_lists_hold_what_was_asked_for(ingest: Ingest) -> None:
    people, places = ingest.land("people"), ingest.land("places")
    job_id = ingest.tell_job(people)
    ingest.tell_table(people, job_id=job_id)
    failed = ingest.tell_job(places, state=JobState.FAILED)

    def flows(**params: str) -> list[str]:
        return [flow["id"] for flow in ingest.get("/v1/flows", params=params)["items"]]

    def jobs(**params: str) -> list[str]:
        return [job["id"] for job in ingest.get("/v1/jobs", params=params)["items"]]

    assert flows() == [places["flow_id"], people["flow_id"]]
    assert flows(dataset="people") == flows(state="succeeded") == [people["flow_id"]]
    assert flows(dataset=places["dataset_id"]) == flows(state="failed") == [places["flow_id"]]
    assert flows(state="running") == []
    assert jobs() == [failed, job_id]
    assert jobs(flow=people["flow_id"]) == jobs(state="succeeded") == [job_id]
    assert jobs(service="svc-training") == jobs(kind="train") == []
    assert jobs(service="svc-parquet", kind="convert") == [failed, job_id]


def test_a_wait_is_answered_when_the_flow_ends(ingest: Ingest) -> None:
    version = ingest.land("people")
    job_id = ingest.tell_job(version)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(
            ingest.ask, "GET", f"/v1/flows/{version['flow_id']}", headers={"Prefer": "wait=20"}
        )
        ingest.tell_table(version, job_id=job_id)
        answer = waiting.result()

    assert answer.headers["Preference-Applied"] == "wait=20"
    assert answer.json()["state"] == "succeeded"


def test_a_stream_tells_every_change_and_resumes_where_it_was_left(ingest: Ingest) -> None:
    version = ingest.land("people")
    path = f"/v1/flows/{version['flow_id']}/events"
    headers = ingest.identities.headers()

    with ingest.http.stream("GET", path, headers=headers) as stream:
        events = events_of(stream)
        name, first, flow = next(events)
        assert (name, len(flow["steps"])) == ("flow", 1)
        job_id = ingest.tell_job(version)
        assert len(next(events)[2]["steps"]) == 2
        ingest.tell_table(version, job_id=job_id)
        rest = list(events)
    # Each of the events that tell of a table may be seen by itself.
    assert {name for name, _, _ in rest[:-1]} == {"flow"}
    assert rest[-1][0] == "end"
    assert rest[-1][2]["state"] == "succeeded"

    with ingest.http.stream("GET", path, headers=headers | {"Last-Event-ID": first}) as stream:
        assert [name for name, _, _ in events_of(stream)] == ["flow", "end"]
    last = rest[-1][1]
    with ingest.http.stream("GET", path, headers=headers | {"Last-Event-ID": last}) as stream:
        assert [name for name, _, _ in events_of(stream)] == ["end"]


@pytest.mark.parametrize("below", ["", "/events"])
def test_a_flow_that_is_not_there(light_ingest: Ingest, below: str) -> None:
    answer = light_ingest.ask("GET", f"/v1/flows/{new_id(IdKind.FLOW)}{below}")

    assert (answer.status_code, answer.json()["code"]) == (404, "flow_not_found")
