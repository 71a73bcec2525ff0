"""An upload: bytes in, once, whole, or not at all."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from ingest_service import Ingest, content_digest, digest_of
from sqlalchemy.exc import IntegrityError

from shared_lib.db.collisions import TRIES, again_after_collision
from shared_lib.testing.services import OTHER

CONTENT = b"id,name\n1,Ada\n2,Grace\n"


def test_an_upload_waits_as_received_until_it_lands(ingest: Ingest) -> None:
    answer = ingest.put(
        "people/a.csv", CONTENT, headers={"Content-Digest": content_digest(CONTENT)}
    )

    assert answer.status_code == 201, answer.text
    upload = answer.json()
    assert upload["state"] == "received"
    assert (upload["path"], upload["bytes"]) == ("people/a.csv", len(CONTENT))
    assert upload["sha256"] == digest_of(CONTENT)
    assert not upload["deduplicated"]
    assert upload["version"] is None
    assert answer.headers["Location"] == f"/v1/uploads/{upload['id']}"
    assert ingest.get(answer.headers["Location"]) == upload
    assert ingest.outbox() == []
    ingest.assert_whole()


def test_an_upload_with_a_dataset_lands_in_the_same_transaction(ingest: Ingest) -> None:
    answer = ingest.put("a.csv", CONTENT, dataset="people", options='{"delimiter": ","}')

    upload = answer.json()
    version = upload["version"]
    assert upload["state"] == "landed"
    assert (version["dataset_name"], version["number"]) == ("people", 1)
    (event,) = ingest.outbox()
    assert (event["name"], event["flow_id"]) == ("dataset_version.landed", version["flow_id"])
    assert event["tenant"] == "tn_a"
    payload = event["payload"]
    assert payload["version_id"] == version["id"]
    assert payload["options"]["delimiter"] == ","
    (file,) = payload["files"]
    assert (file["file_id"], file["sha256"]) == (version["files"][0]["id"], digest_of(CONTENT))
    assert b"".join(ingest.runtime.store.open(file["object_key"])) == CONTENT
    ingest.assert_whole()


def test_the_same_content_is_stored_once_for_each_tenant(ingest: Ingest) -> None:
    first = ingest.put("a.csv", CONTENT, dataset="one").json()
    second = ingest.put("b.csv", CONTENT, dataset="two").json()
    third = ingest.put("a.csv", CONTENT, dataset="one", tenant=OTHER).json()

    assert [first["deduplicated"], second["deduplicated"], third["deduplicated"]] == [
        False,
        True,
        False,
    ]
    keys = [event["payload"]["files"][0]["object_key"] for event in ingest.outbox()]
    assert keys[0] == keys[1] != keys[2]
    assert sorted(ingest.objects()) == sorted({keys[0], keys[2]})
    for upload in (first, second):
        content = ingest.ask("GET", f"/v1/files/{upload['version']['files'][0]['id']}/content")
        assert content.content == CONTENT
    ingest.assert_whole()


def test_identical_uploads_at_the_same_moment_all_land(ingest: Ingest) -> None:
    """Same content, same dataset that does not exist yet: each collision is looked at again."""
    together = threading.Barrier(6)

    def push(number: int) -> httpx.Response:
        together.wait()
        return ingest.put(f"{number}.csv", CONTENT, dataset="people")

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(push, range(6)))

    assert [answer.status_code for answer in answers] == [201] * 6
    uploads = [answer.json() for answer in answers]
    assert sorted(upload["version"]["number"] for upload in uploads) == [1, 2, 3, 4, 5, 6]
    assert sum(not upload["deduplicated"] for upload in uploads) == 1
    assert len(ingest.objects()) == 1
    assert len(ingest.get("/v1/datasets")["items"]) == 1
    ingest.assert_whole()


def test_a_repeated_key_is_answered_once_more_and_lands_once(ingest: Ingest) -> None:
    headers = {"Idempotency-Key": "k1"}
    first = ingest.put("a.csv", CONTENT, dataset="people", headers=headers)
    again = ingest.put("a.csv", CONTENT, dataset="people", headers=headers)
    other = ingest.put("a.csv", CONTENT + b"3,Alan\n", dataset="people", headers=headers)
    foreign = ingest.put("a.csv", CONTENT, dataset="people", headers=headers, tenant=OTHER)

    assert again.json() == first.json()
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert other.status_code == 422
    assert other.json()["code"] == "idempotency_key_reused"
    assert foreign.status_code == 201
    assert foreign.json()["id"] != first.json()["id"]
    assert len(ingest.outbox()) == 2
    ingest.assert_whole()


def test_a_repeated_key_at_the_same_moment_lands_once(ingest: Ingest) -> None:
    together = threading.Barrier(4)

    def push(_: int) -> httpx.Response:
        together.wait()
        return ingest.put("a.csv", CONTENT, dataset="people", headers={"Idempotency-Key": "k1"})

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(push, range(4)))

    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
    assert ingest.get("/v1/datasets/people")["versions"] == 1
    ingest.assert_whole()


@pytest.mark.parametrize("key", ["", "k" * 256, "a\tb"])
def test_an_unusable_key_is_refused(light_ingest: Ingest, key: str) -> None:
    answer = light_ingest.put("a.csv", CONTENT, headers={"Idempotency-Key": key})

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_invalid")


@pytest.mark.parametrize(
    ("path", "content", "params", "headers", "status", "code"),
    [
        ("a.csv", b"", {}, {}, 422, "empty_file"),
        ("a.csv", b"x" * 2049, {}, {}, 413, "upload_too_large"),
        ("a.csv", b"x", {}, {"Content-Digest": content_digest(b"y")}, 422, "hash_mismatch"),
        ("a.csv", b"x", {}, {"Content-Digest": "md5=:AA==:"}, 422, "invalid_content_digest"),
        ("a.csv", b"x", {}, {"Content-Digest": "sha-256=:AA==:"}, 422, "invalid_content_digest"),
        ("a%2F..%2Fb.csv", b"x", {}, {}, 422, "invalid_upload_path"),
        ("a%00b", b"x", {}, {}, 422, "invalid_upload_path"),
        ("%2Fetc%2Fpasswd", b"x", {}, {}, 422, "invalid_upload_path"),
        ("x" * 501, b"x", {}, {}, 422, "invalid_upload_path"),
        ("a.csv", b"x", {"dataset": "../x"}, {}, 422, "invalid_input"),
        ("a.csv", b"x", {"dataset": "d", "options": "{"}, {}, 422, "invalid_options"),
        ("a.csv", b"x", {"dataset": "d", "options": '{"x": 1}'}, {}, 422, "invalid_options"),
        ("a.csv", b"x", {"options": "{}"}, {}, 422, "options_without_dataset"),
        ("a.csv", b"x", {"datset": "d"}, {}, 422, "unknown_field"),
        ("a.csv", b"x", {"dataset": "ds_" + 32 * "0"}, {}, 404, "dataset_not_found"),
    ],
)
def test_what_cannot_be_kept_is_refused_and_leaves_nothing(
    light_ingest: Ingest,
    *,
    path: str,
    content: bytes,
    params: dict[str, str],
    headers: dict[str, str],
    status: int,
    code: str,
) -> None:
    light_ingest.settings.upload_limit_bytes = 2048
    answer = light_ingest.put(path, content, headers=headers, **params)

    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert {row.state for row in light_ingest.uploads()} <= {"aborted"}
    assert light_ingest.objects() == []
    light_ingest.assert_whole()
    assert light_ingest.put("a.csv", b"x").status_code == 201


def test_a_body_without_a_length_is_bounded_too(light_ingest: Ingest) -> None:
    light_ingest.settings.upload_limit_bytes = 3 * 1024 * 1024
    answer = light_ingest.put("a.csv", iter([b"x" * 1024 * 1024] * 4))

    assert (answer.status_code, answer.json()["limit"]) == (413, 3 * 1024 * 1024)
    light_ingest.assert_whole()
    assert light_ingest.put("a.csv", iter([b"x" * 1024 * 1024] * 3)).status_code == 201


def test_a_path_is_kept_in_its_composed_form(light_ingest: Ingest) -> None:
    answer = light_ingest.put("cafe%CC%81%20menu.csv", CONTENT)

    assert answer.json()["path"] == "caf\u00e9 menu.csv"


def test_a_storing_database_that_fails_keeps_nothing(
    light_ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes are in the store already when the landing is refused."""

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("on purpose")

    monkeypatch.setattr("svc_ingest.versions.service.emit", fail)
    answer = light_ingest.put("a.csv", CONTENT, dataset="people")

    assert answer.status_code == 500
    assert [row.state for row in light_ingest.uploads()] == ["aborted"]
    assert light_ingest.get("/v1/datasets")["items"] == []
    light_ingest.assert_whole()


def test_a_collision_that_never_ends_is_an_error() -> None:
    calls = []

    def collide() -> None:
        calls.append(1)
        raise IntegrityError("insert", {}, Exception("unique"))

    with pytest.raises(IntegrityError):
        again_after_collision(collide)
    assert len(calls) == TRIES
