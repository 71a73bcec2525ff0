"""Flows over the wire: events of other services in, one journey out."""

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from ingest_service import Ingest, events_of, job_summary, published

from shared_lib.contracts.errors import Problem
from shared_lib.contracts.events import JOB_CHANGED, TABLE_PUBLISHED, JobChanged
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
    return flow_of(ingest, version)


def test_every_order_of_events_ends_in_the_same_flow(light_ingest: Ingest) -> None:
    for order in itertools.permutations(range(4)):
        flow = tell_in_order(light_ingest, order)
        assert flow["state"] == "succeeded", order
        assert steps(flow)[1:] == [("converted", "succeeded"), ("published", "succeeded")], order


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
    assert [name for name, _, _ in rest] == ["flow", "end"]
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
