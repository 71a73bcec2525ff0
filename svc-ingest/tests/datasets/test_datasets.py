"""Datasets: made once, found by name or id, listed a page at a time."""

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from ingest_service import Ingest

from shared_lib.contracts.ids import IdKind, new_id
from shared_lib.testing.services import OTHER


def make(ingest: Ingest, name: str, **more: str) -> httpx.Response:
    return ingest.ask("POST", "/v1/datasets", json={"name": name, **more})


def test_an_empty_dataset_is_found_by_name_and_by_id(ingest: Ingest) -> None:
    answer = make(ingest, "people", description="Who they are")

    assert answer.status_code == 201, answer.text
    dataset = answer.json()
    assert (dataset["name"], dataset["description"]) == ("people", "Who they are")
    assert (dataset["versions"], dataset["latest_version"]) == (0, None)
    assert answer.headers["Location"] == f"/v1/datasets/{dataset['id']}"
    assert ingest.get(answer.headers["Location"]) == dataset
    assert ingest.get("/v1/datasets/people") == dataset


def test_a_dataset_shows_its_newest_version(ingest: Ingest) -> None:
    ingest.land("people", content=b"a\n1\n")
    second = ingest.land("people", content=b"a\n2\n")

    dataset = ingest.get("/v1/datasets/people")

    assert dataset["versions"] == second["number"] == 2
    assert dataset["latest_version"] == second


def test_a_name_is_taken_once_in_a_tenant(ingest: Ingest) -> None:
    make(ingest, "people")

    again = make(ingest, "people")

    assert (again.status_code, again.json()["code"]) == (409, "dataset_exists")
    headers = ingest.identities.headers(OTHER)
    elsewhere = ingest.http.post("/v1/datasets", json={"name": "people"}, headers=headers)
    assert elsewhere.status_code == 201


def test_of_many_that_make_a_name_at_once_one_succeeds(ingest: Ingest) -> None:
    together = threading.Barrier(6)

    def attempt(_: int) -> int:
        together.wait()
        return make(ingest, "people").status_code

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(attempt, range(6)))

    assert sorted(answers) == [201] + [409] * 5
    assert len(ingest.get("/v1/datasets")["items"]) == 1


def test_a_repeated_request_with_its_key_makes_one_dataset(ingest: Ingest) -> None:
    key = {"Idempotency-Key": "made-once"}

    first = ingest.ask("POST", "/v1/datasets", json={"name": "people"}, headers=key)
    second = ingest.ask("POST", "/v1/datasets", json={"name": "people"}, headers=key)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()


def test_a_name_that_looks_like_an_id_is_refused(light_ingest: Ingest) -> None:
    answer = make(light_ingest, new_id(IdKind.DATASET))

    assert (answer.status_code, answer.json()["code"]) == (422, "dataset_name_is_an_id")


@pytest.mark.parametrize("name", ["", "a b", "../up", "ä", "x" * 101, "-first"])
def test_a_bad_name_is_refused_where_it_stands(light_ingest: Ingest, name: str) -> None:
    answer = make(light_ingest, name)

    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert [error["field"] for error in problem["errors"]] == ["name"]


def test_pages_hold_every_dataset_once_newest_first(ingest: Ingest) -> None:
    names = [f"set-{number}" for number in range(5)]
    for name in names:
        make(ingest, name)

    seen, cursor = [], None
    while True:
        params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = ingest.get("/v1/datasets", params=params)
        assert len(page["items"]) <= 2
        seen += [dataset["name"] for dataset in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break

    assert seen == names[::-1]


def test_a_search_takes_its_text_as_it_is(ingest: Ingest) -> None:
    for name in ("people", "peo_le", "places"):
        make(ingest, name)

    def found(text: str) -> list[str]:
        page = ingest.get("/v1/datasets", params={"name": text})
        return [dataset["name"] for dataset in page["items"]]

    assert found("PEOP") == ["people"]
    assert found("o_l") == ["peo_le"]
    assert found("%") == []


def test_what_is_not_there_says_how_to_find_what_is(light_ingest: Ingest) -> None:
    answer = light_ingest.ask("GET", "/v1/datasets/nobody")

    assert (answer.status_code, answer.json()["code"]) == (404, "dataset_not_found")
    assert "fleet dataset list" in answer.json()["detail"]
