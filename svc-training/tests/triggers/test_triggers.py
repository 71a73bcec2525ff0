"""Every judged version is decided upon once, with a reason; what passes is trained on."""

from typing import Any

from training_service import Training

from shared_lib.contracts.events import TABLE_PUBLISHED
from shared_lib.contracts.plans import FlowPlan
from shared_lib.contracts.services import ServiceName
from shared_lib.contracts.verdicts import Verdict
from shared_lib.testing.services import OTHER, TENANT


def make_trigger(training: Training, **more: Any) -> Any:
    body = {"dataset": "sales", "pipeline": "small"} | more
    answer = training.ask("POST", "/v1/triggers", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def decided(training: Training, tenant: str = TENANT) -> list[Any]:
    items = training.get("/v1/triggers/decisions", tenant=tenant)["items"]
    return [(each["rule"], each["train"]) for each in reversed(items)]


def test_versions_are_decided_upon_in_the_words_of_the_gate(training: Training) -> None:
    trigger = make_trigger(training, min_rows=15)
    training.good("sales", rows=10)
    bad = training.publish("sales", {"a": [1] * 50}, number=2)
    judgement = training.judge(bad, Verdict.FAILED)
    training.good("sales", rows=10, number=3)
    training.good("sales", rows=10, number=4)

    assert decided(training) == [
        ("first", True),
        ("gate_failed", False),
        ("rows_since_last", False),
        ("new_data", True),
    ]
    (fourth, *_, first) = training.get("/v1/triggers/decisions")["items"]
    assert fourth["numbers"] == {"rows_since_last": 20, "min_rows": 15}
    assert fourth["trigger_id"] == trigger["id"]
    job = training.ended(first["training_job_id"])
    assert (job["state"], job["version_number"]) == ("succeeded", 1), job["error"]
    events = [event["payload"] for event in training.events("training.decided")]
    assert [len(event["decisions"]) for event in events] == [1, 1, 1, 1]
    refused = events[1]["decisions"][0]
    assert "amount has 3 rows below 0." in refused["reason"]
    assert refused["job_id"] is None
    assert events[0]["decisions"][0]["job_id"] == job["job_id"]

    # A person overrides the judgement: the version is decided upon anew.
    training.judge(bad, Verdict.WARNED, revision=3, judgement_id=judgement)
    assert len(decided(training)) == 5
    assert decided(training, OTHER) == []


def test_without_a_suite_or_a_trigger_the_flow_is_told_all_the_same(
    light_training: Training,
) -> None:
    lonely = light_training.publish("lonely", {"a": [1]})
    light_training.judge(lonely, None)
    make_trigger(light_training)
    unjudged = light_training.publish("sales", {"a": [1]})
    light_training.judge(unjudged, None)

    assert decided(light_training) == [("not_judged", False)]
    without, refused = [e["payload"] for e in light_training.events("training.decided")]
    assert without["decisions"] == []
    assert refused["decisions"][0]["rule"] == "not_judged"


def test_the_order_of_events_has_no_effect(light_training: Training) -> None:
    make_trigger(light_training)
    table = light_training.publish("elsewhere", {"a": [1]})
    early = table.model_copy(update={"dataset_name": "sales", "table_version_id": "tv_early"})
    light_training.judge(early, Verdict.PASSED)
    assert decided(light_training) == []
    light_training.tell(TABLE_PUBLISHED, early, producer=ServiceName.PARQUET)
    assert decided(light_training) == [("first", True)]


def test_a_trigger_is_debounced_and_can_be_deleted(light_training: Training) -> None:
    trigger = make_trigger(light_training, min_interval_s=3600, on_warned=False)
    light_training.good("sales")
    light_training.good("sales", number=2)
    warned = light_training.publish("sales", {"a": [1]}, number=3)
    light_training.judge(warned, Verdict.WARNED)
    assert decided(light_training) == [
        ("first", True),
        ("debounce", False),
        ("gate_warned", False),
    ]
    path = f"/v1/triggers/{trigger['id']}"
    assert light_training.ask("DELETE", path, tenant=OTHER).status_code == 404
    assert light_training.ask("DELETE", path).json()["id"] == trigger["id"]
    assert light_training.ask("DELETE", path).status_code == 404
    light_training.good("sales", number=4)
    assert len(decided(light_training)) == 3
    assert light_training.get("/v1/triggers")["items"] == []


def test_what_a_flow_asks_for_is_trained_unless_the_gate_refuses(training: Training) -> None:
    make_trigger(training)
    plan = FlowPlan(pipeline="small", params={"train.c": 2})
    good = training.publish("sales", {"a": [1, 2, 3]}, plan=plan)
    training.judge(good, Verdict.PASSED)
    bad = training.publish("sales", {"a": [1]}, number=2, plan=plan)
    judgement = training.judge(bad, Verdict.FAILED)
    unjudged = training.publish("sales", {"a": [1]}, number=3, plan=plan)
    training.judge(unjudged, None)

    # The trigger of the same pipeline keeps out of it: one version is trained on once.
    assert decided(training) == [("asked", True), ("gate_failed", False), ("not_judged", False)]
    (_, _, first) = training.get("/v1/triggers/decisions")["items"]
    assert (first["trigger_id"], first["pipeline"]) == (None, "small")
    assert training.ended(first["training_job_id"])["params"]["train.c"] == 2
    training.judge(bad, Verdict.WARNED, revision=3, judgement_id=judgement)
    assert decided(training)[-1] == ("asked", True)
