"""A table is asked to become a task dataset, and the fleet hears of a version like any other."""

import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import polars as pl
import pytest
from parquet_service import Parquet

from shared_lib.testing.services import OTHER
from shared_lib.testing.waiting import wait_until

ROWS = "".join(f"{n},text number {n * 7919} of all,{('joy', 'anger')[n % 2]}\n" for n in range(40))
REVIEWS = f"id,content,emotion\n{ROWS}".encode()


def made(parquet: Parquet, answer: Any) -> Any:
    """The task dataset when its job has ended."""
    assert answer.status_code == 202, answer.text
    path = f"/v1/task-datasets/{answer.json()['id']}"

    def ended() -> Any:
        found = parquet.get(path)
        return found if found["state"] in {"succeeded", "failed", "dead"} else None

    return wait_until(ended, what="the task dataset", timeout_s=60)


def ask(parquet: Parquet, table_id: str, *, name: str, **recipe: Any) -> Any:
    body = {"name": name, "table_id": table_id, "text": "content", "label": "emotion", **recipe}
    return parquet.ask("POST", "/v1/task-datasets", json=body)


def test_a_task_dataset_is_published_like_any_table(parquet: Parquet) -> None:
    (source,) = parquet.land({"r.csv": REVIEWS}, dataset="reviews")
    first = made(parquet, ask(parquet, source["table_id"], name="emotions"))
    again = made(parquet, ask(parquet, source["table_id"], name="emotions", seed=5))

    assert (first["state"], first["error"]) == ("succeeded", None)
    assert first["source"]["table_version_id"] == source["table_version_id"]
    assert {s["split"]: s["rows"] for s in first["summary"]["splits"]} == {
        "train": 32,
        "validation": 4,
        "test": 4,
    }
    told = [
        e for e in parquet.events("table.published") if e["payload"]["table_name"] == "emotions"
    ]
    assert [e["payload"]["version_number"] for e in told] == [1, 2]
    payload = told[0]["payload"]
    assert (payload["dataset_name"], payload["file_id"]) == ("emotions", first["version_id"])
    assert told[0]["flow_id"] == first["flow_id"]
    derived = parquet.events("dataset_version.derived")
    assert [e["payload"]["version_id"] for e in derived] == [
        first["version_id"],
        again["version_id"],
    ]
    assert {e["payload"]["dataset_id"] for e in derived} == {payload["dataset_id"]}
    jobs = [e["payload"]["job"] for e in parquet.events("job.changed")]
    assert {j["subject_id"] for j in jobs if j["flow_id"] == first["flow_id"]} == {
        first["version_id"]
    }

    table = parquet.get(f"/v1/tables/{first['table_id']}")
    assert (table["versions"], table["latest_version"]["origin"]) == (2, "task_dataset")
    answer = parquet.ask("GET", f"/v1/tables/{first['table_id']}/download", params={"version": 1})
    assert pl.read_parquet(io.BytesIO(answer.content)).columns == ["text", "label", "split", "id"]
    profile = parquet.get(f"/v1/tables/{first['table_id']}/profile")
    assert (profile["profile"]["rows"], profile["decisions"]) == (40, None)
    assert parquet.get(f"/v1/tables/{first['table_id']}/preview")["rows"][0][1] == "joy"


def test_requests_for_one_name_at_once_make_one_dataset(parquet: Parquet) -> None:
    (source,) = parquet.land({"r.csv": REVIEWS}, dataset="reviews")
    with ThreadPoolExecutor(4) as pool:
        asked = list(pool.map(lambda _: ask(parquet, source["table_id"], name="at-once"), range(4)))

    assert {answer.status_code for answer in asked} == {202}, [a.text for a in asked]
    assert len({answer.json()["table_id"] for answer in asked}) == 1
    for answer in asked:
        assert made(parquet, answer)["state"] == "succeeded"
    table = parquet.get(f"/v1/tables/{asked[0].json()['table_id']}")
    assert table["versions"] == 4


@pytest.fixture(scope="module")
def reviews(light_parquet: Parquet) -> str:
    (source,) = light_parquet.land({"r.csv": REVIEWS}, dataset="reviews")
    table_id: str = source["table_id"]
    return table_id


@pytest.mark.parametrize(
    ("recipe", "status", "code"),
    [
        ({"text": "nothing"}, 422, "no_such_column"),
        ({"group": "nothing"}, 422, "no_such_column"),
        ({"label_columns": ["id"]}, 422, "invalid_input"),
        ({"splits": {"train": 0.5, "test": 0.4}}, 422, "invalid_input"),
        ({"table_version": 9}, 404, "table_version_not_found"),
        ({"name": "reviews"}, 409, "dataset_has_files"),
    ],
)
def test_a_wrong_recipe_is_refused_before_any_work(
    light_parquet: Parquet, reviews: str, recipe: Any, status: int, code: str
) -> None:
    answer = ask(light_parquet, reviews, **{"name": "refused", **recipe})

    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    listed = light_parquet.get("/v1/task-datasets", params={"name": "refused"})["items"]
    assert listed == []


def test_too_little_to_learn_from_fails_with_its_reason(
    light_parquet: Parquet, reviews: str
) -> None:
    failed = made(light_parquet, ask(light_parquet, reviews, name="few", labels=["joy"]))

    assert (failed["state"], failed["error"]["code"]) == ("failed", "nothing_to_learn")
    assert failed["table_version_id"] is None
    table = light_parquet.get(f"/v1/tables/{failed['table_id']}")
    assert table["latest_version"] is None


def test_another_tenant_sees_none_of_it(light_parquet: Parquet, reviews: str) -> None:
    done = made(light_parquet, ask(light_parquet, reviews, name="mine"))

    path = f"/v1/task-datasets/{done['id']}"
    assert light_parquet.ask("GET", path, tenant=OTHER).status_code == 404
    body = {"name": "x", "table_id": reviews, "text": "content", "label": "emotion"}
    theirs = light_parquet.ask("POST", "/v1/task-datasets", json=body, tenant=OTHER)
    assert (theirs.status_code, theirs.json()["code"]) == (404, "table_not_found")
    found = light_parquet.get(
        "/v1/task-datasets", params={"table_version": done["table_version_id"]}
    )
    assert [each["id"] for each in found["items"]] == [done["id"]]
