"""A version that is made from a table: in the catalog and with a flow like any other."""

from itertools import permutations
from typing import Any

import pytest
from ingest_service import EVERY_REVISION, Ingest, job_summary

from shared_lib.contracts.base import Contract
from shared_lib.contracts.catalog import SourceTable
from shared_lib.contracts.errors import Problem
from shared_lib.contracts.events import (
    DATASET_VERSION_DERIVED,
    JOB_CHANGED,
    JUDGEMENTS_REQUESTED,
    TABLE_PUBLISHED,
    TRAINING_DECIDED,
    DatasetVersionDerived,
    EventSpec,
    JobChanged,
    JudgementsRequested,
    TablePublished,
    TrainingDecided,
)
from shared_lib.contracts.ids import IdKind, new_id
from shared_lib.contracts.jobs import JobState
from shared_lib.testing.services import OTHER

Told = list[tuple[EventSpec, Contract]]


def derived(name: str) -> tuple[str, DatasetVersionDerived]:
    """A flow's id, and what begins it."""
    source = SourceTable(
        dataset_name="reviews",
        table_id="tb_1",
        table_name="reviews",
        table_version_id="tv_1",
        table_version_number=3,
    )
    event = DatasetVersionDerived(
        dataset_id=new_id(IdKind.DATASET),
        dataset_name=name,
        version_id=new_id(IdKind.DATASET_VERSION),
        source=source,
    )
    return new_id(IdKind.FLOW), event


def journey(flow_id: str, begun: DatasetVersionDerived) -> Told:
    """All that is told of a version until nothing more is to happen."""
    job = job_summary(begun.version_id, flow_id=flow_id, kind="task_dataset")
    table = TablePublished(
        dataset_id=begun.dataset_id,
        version_id=begun.version_id,
        file_id=begun.version_id,
        table_id="tb_2",
        table_version_id=new_id(IdKind.TABLE_VERSION),
        table_name=begun.dataset_name,
        job_id=job.id,
        rows=10,
        columns=3,
        bytes_in=7,
        bytes_out=7,
        quarantined_rows=0,
    )
    of = {
        "version_id": begun.version_id,
        "file_id": begun.version_id,
        "table_version_id": table.table_version_id,
    }
    return [
        (DATASET_VERSION_DERIVED, begun),
        (JOB_CHANGED, JobChanged(job=job, revision=4)),
        (TABLE_PUBLISHED, table),
        (JUDGEMENTS_REQUESTED, JudgementsRequested(**of, judgements=[])),
        (TRAINING_DECIDED, TrainingDecided(**of, decisions=[], revision=EVERY_REVISION)),
    ]


def tell(ingest: Ingest, flow_id: str, events: Any) -> None:
    for spec, payload in events:
        assert ingest.tell(spec, payload, flow_id=flow_id).status_code == 200


def test_a_derived_version_is_in_the_catalog_with_its_flow(ingest: Ingest) -> None:
    flow_id, begun = derived("emotions")
    tell(ingest, flow_id, [(DATASET_VERSION_DERIVED, begun)])

    version = ingest.get("/v1/datasets/emotions")["latest_version"]
    assert (version["id"], version["number"], version["files"]) == (begun.version_id, 1, [])
    assert version["made_from"] == begun.source.model_dump()
    flow = ingest.get(f"/v1/flows/{flow_id}")
    assert (flow["state"], flow["steps"]) == ("running", [])

    tell(ingest, flow_id, journey(flow_id, begun))
    flow = ingest.get(f"/v1/flows/{flow_id}")
    assert flow["state"] == "succeeded"
    assert ingest.get(f"/v1/versions/{begun.version_id}")["bytes"] == 7
    assert [(step["name"], step["subject"]) for step in flow["steps"]] == [
        ("built", "emotions"),
        ("published", "emotions"),
    ]
    _, second = derived("emotions")
    tell(ingest, new_id(IdKind.FLOW), [(DATASET_VERSION_DERIVED, second)])
    dataset = ingest.get("/v1/datasets/emotions")
    assert (dataset["id"], dataset["versions"]) == (begun.dataset_id, 2)
    assert ingest.ask("GET", f"/v1/flows/{flow_id}", tenant=OTHER).status_code == 404


def test_the_order_of_events_has_no_effect(light_ingest: Ingest) -> None:
    ends = set()
    for number, order in enumerate(list(permutations(range(5)))[::7]):
        flow_id, begun = derived(f"order-{number}")
        told = journey(flow_id, begun)
        tell(light_ingest, flow_id, [told[place] for place in order])
        flow = light_ingest.get(f"/v1/flows/{flow_id}")
        version = light_ingest.get(f"/v1/versions/{begun.version_id}")
        names = tuple(step["name"] for step in flow["steps"])
        ends.add((flow["state"], names, version["bytes"]))

    assert ends == {("succeeded", ("built", "published"), 7)}


@pytest.mark.parametrize("late", [False, True])
def test_a_failed_build_fails_the_flow(light_ingest: Ingest, late: bool) -> None:
    flow_id, begun = derived(f"failed-{late}")
    why = Problem(type="x", title="Too little", status=422, code="nothing_to_learn", detail="d.")
    job = job_summary(
        begun.version_id, flow_id=flow_id, kind="task_dataset", state=JobState.FAILED, error=why
    )
    events: Told = [
        (DATASET_VERSION_DERIVED, begun),
        (JOB_CHANGED, JobChanged(job=job, revision=3)),
    ]
    tell(light_ingest, flow_id, reversed(events) if late else events)

    flow = light_ingest.get(f"/v1/flows/{flow_id}")
    assert flow["state"] == "failed"
    assert flow["steps"][0]["error"]["code"] == "nothing_to_learn"


def test_a_dataset_that_was_made_empty_takes_the_version(light_ingest: Ingest) -> None:
    made = light_ingest.ask("POST", "/v1/datasets", json={"name": "waiting"}).json()
    flow_id, begun = derived("waiting")
    tell(light_ingest, flow_id, [(DATASET_VERSION_DERIVED, begun)])

    assert light_ingest.get("/v1/datasets/waiting")["id"] == made["id"]
    assert light_ingest.get(f"/v1/versions/{begun.version_id}")["dataset_id"] == made["id"]
