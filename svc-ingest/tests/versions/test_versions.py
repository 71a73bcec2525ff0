"""Versions: received uploads land together or not at all, and never change."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
from ingest_service import Ingest, digest_of

from shared_lib.contracts.ids import IdKind, new_id
from shared_lib.testing.services import OTHER


def receive(ingest: Ingest, path: str, content: bytes, **more: Any) -> str:
    """An upload that waits; its id."""
    answer = ingest.put(path, content, **more)
    assert answer.status_code == 201, answer.text
    upload_id: str = answer.json()["id"]
    return upload_id


def land_together(
    ingest: Ingest, dataset: str, uploads: list[dict[str, str]], **more: Any
) -> httpx.Response:
    body = {"uploads": uploads, **more.pop("body", {})}
    return ingest.ask("POST", f"/v1/datasets/{dataset}/versions", json=body, **more)


def test_uploads_land_as_one_version_with_one_event(ingest: Ingest) -> None:
    first = receive(ingest, "b.csv", b"a\n1\n")
    second = receive(ingest, "a.csv", b"a\n2\n")

    answer = land_together(
        ingest,
        "people",
        [{"upload_id": first}, {"upload_id": second, "path": "deep/a.csv"}],
        body={"options": {"delimiter": ";"}},
    )

    assert answer.status_code == 201, answer.text
    version = answer.json()
    assert (version["dataset_name"], version["number"], version["bytes"]) == ("people", 1, 8)
    assert {file["path"]: file["sha256"] for file in version["files"]} == {
        "b.csv": digest_of(b"a\n1\n"),
        "deep/a.csv": digest_of(b"a\n2\n"),
    }
    (event,) = ingest.outbox()
    assert (event["name"], event["flow_id"]) == ("dataset_version.landed", version["flow_id"])
    assert {file["path"] for file in event["payload"]["files"]} == {"b.csv", "deep/a.csv"}
    assert event["payload"]["options"]["delimiter"] == ";"
    assert {upload.state for upload in ingest.uploads()} == {"landed"}
    assert answer.headers["Location"] == f"/v1/versions/{version['id']}"
    shown = ingest.get(answer.headers["Location"])
    assert sorted(shown.pop("files"), key=str) == sorted(version.pop("files"), key=str)
    assert shown == version
    ingest.assert_whole()


def test_nothing_lands_when_one_upload_cannot(ingest: Ingest) -> None:
    good = receive(ingest, "a.csv", b"a\n1\n")
    missing = new_id(IdKind.UPLOAD)

    answer = land_together(ingest, "people", [{"upload_id": good}, {"upload_id": missing}])

    assert answer.status_code == 404, answer.text
    assert missing in answer.json()["detail"]
    assert ingest.outbox() == []
    assert ingest.ask("GET", "/v1/datasets/people").status_code == 404
    assert [upload.state for upload in ingest.uploads()] == ["received"]


def test_an_upload_lands_once(ingest: Ingest) -> None:
    upload = {"upload_id": receive(ingest, "a.csv", b"a\n1\n")}
    land_together(ingest, "people", [upload])

    again = land_together(ingest, "people", [upload])

    assert (again.status_code, again.json()["code"]) == (409, "upload_not_ready")
    assert ingest.get("/v1/datasets/people")["versions"] == 1


def test_a_repeated_landing_with_its_key_is_the_same_version(ingest: Ingest) -> None:
    uploads = [{"upload_id": receive(ingest, "a.csv", b"a\n1\n")}]
    key = {"Idempotency-Key": "land-once"}

    first = land_together(ingest, "people", uploads, headers=key)
    second = land_together(ingest, "people", uploads, headers=key)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert len(ingest.outbox()) == 1


def test_two_files_of_a_version_cannot_share_a_path(light_ingest: Ingest) -> None:
    uploads = [
        {"upload_id": receive(light_ingest, "a.csv", content), "path": "same.csv"}
        for content in (b"a\n1\n", b"a\n2\n")
    ]

    answer = land_together(light_ingest, "people", uploads)

    assert (answer.status_code, answer.json()["code"]) == (422, "duplicate_path")
    assert answer.json()["path"] == "same.csv"
    assert light_ingest.outbox() == []


def test_the_upload_of_another_tenant_cannot_land(ingest: Ingest) -> None:
    theirs = receive(ingest, "a.csv", b"a\n1\n", tenant=OTHER)

    answer = land_together(ingest, "people", [{"upload_id": theirs}])

    assert answer.status_code == 404, answer.text
    assert [upload.state for upload in ingest.uploads()] == ["received"]


def test_landings_at_once_get_numbers_without_a_gap(ingest: Ingest) -> None:
    together = threading.Barrier(6)

    def land(number: int) -> int:
        together.wait()
        found: int = ingest.land("people", content=b"a\n%d\n" % number)["number"]
        return found

    with ThreadPoolExecutor(6) as pool:
        numbers = list(pool.map(land, range(6)))

    assert sorted(numbers) == [1, 2, 3, 4, 5, 6]
    page = ingest.get("/v1/datasets/people/versions", params={"limit": "4"})
    rest = ingest.get("/v1/datasets/people/versions", params={"cursor": page["next"]})
    listed = [version["number"] for version in page["items"] + rest["items"]]
    assert listed == [6, 5, 4, 3, 2, 1]
    ingest.assert_whole()


def test_a_landing_says_which_field_is_wrong(light_ingest: Ingest) -> None:
    nothing = land_together(light_ingest, "people", [])
    stranger = land_together(light_ingest, "people", [{"upload_id": "x", "pth": "a"}])

    assert [error["field"] for error in nothing.json()["errors"]] == ["uploads"]
    assert [error["field"] for error in stranger.json()["errors"]] == ["uploads.0.pth"]


def test_a_version_that_is_not_there(light_ingest: Ingest) -> None:
    answer = light_ingest.ask("GET", f"/v1/versions/{new_id(IdKind.DATASET_VERSION)}")

    assert (answer.status_code, answer.json()["code"]) == (404, "version_not_found")
