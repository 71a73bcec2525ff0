"""The sweep: drops what nobody finished, and never what somebody needs."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from ingest_service import Ingest

from shared_lib.storage.keys import raw_key
from shared_lib.testing.services import OTHER
from svc_ingest.uploads import sweep as sweep_module
from svc_ingest.uploads.repository import UploadRepository

WEEK = 8 * 24 * 3600
CONTENT = b"a\n1\n"


def receive(ingest: Ingest, content: bytes = CONTENT, **more: Any) -> str:
    upload_id: str = ingest.put("a.csv", content, **more).json()["id"]
    return upload_id


def land(ingest: Ingest, *upload_ids: str, dataset: str = "people", **more: Any) -> Any:
    body = {"uploads": [{"upload_id": each} for each in upload_ids]}
    return ingest.ask("POST", f"/v1/datasets/{dataset}/versions", json=body, **more)


def test_what_is_needed_stays(ingest: Ingest) -> None:
    ingest.land("people")
    receive(ingest, b"b\n2\n")
    receive(ingest, tenant=OTHER)
    before = ingest.objects()

    ingest.sweep()

    assert ingest.objects() == before
    assert len(before) == 3
    ingest.assert_whole()


def test_an_upload_that_never_landed_goes_after_its_time(ingest: Ingest) -> None:
    old, young = receive(ingest), receive(ingest, b"b\n2\n")
    ingest.age(old, seconds=WEEK)

    ingest.sweep()

    assert [row.state for row in ingest.uploads()] == ["aborted", "received"]
    assert len(ingest.objects()) == 1
    ingest.assert_whole()
    assert land(ingest, old).json()["code"] == "upload_not_ready"
    assert land(ingest, young).status_code == 201
    assert receive(ingest)
    ingest.assert_whole()


@pytest.mark.parametrize("needed_by", ["a landed file", "another upload"])
def test_content_that_somebody_else_needs_stays(ingest: Ingest, needed_by: str) -> None:
    old = receive(ingest)
    if needed_by == "a landed file":
        ingest.land("people", content=CONTENT)
    else:
        receive(ingest)
    ingest.age(old, seconds=WEEK)

    ingest.sweep()

    assert ingest.uploads()[0].state == "aborted"
    assert len(ingest.objects()) == 1
    ingest.assert_whole()


def test_an_object_of_an_unknown_writer_goes_after_its_time(light_ingest: Ingest) -> None:
    light_ingest.runtime.store.put(raw_key("tn_a", "up_unknown"), [b"x"])
    light_ingest.sweep()
    assert len(light_ingest.objects()) == 1

    light_ingest.settings.jobs.nameless_object_age_s = 0.0
    light_ingest.sweep()
    assert light_ingest.objects() == []


def test_an_object_is_not_nameless_while_its_upload_is_received(light_ingest: Ingest) -> None:
    """The object is there before its name is; the lease of its upload protects it."""
    upload_id = receive(light_ingest)
    with light_ingest.runtime.database.write() as unit:
        row = UploadRepository(unit).get(upload_id)
        assert row is not None
        row.state = "receiving"
        unit.session.connection().exec_driver_sql("DELETE FROM blob")

    light_ingest.sweep()
    assert len(light_ingest.objects()) == 1

    with light_ingest.runtime.database.write() as unit:
        UploadRepository(unit).renew(upload_id, lease_s=-1)
    light_ingest.sweep()
    assert light_ingest.objects() == []


def while_the_sweep_holds(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch, act: Callable[[], Any]
) -> Any:
    """Begin `act` when the sweep has seen that nobody uses the content; what `act` gave."""
    seen, answers = UploadRepository.content_is_used, []
    thread = threading.Thread(target=lambda: answers.append(act()))

    def slowly(self: UploadRepository, row: Any) -> bool:
        used = seen(self, row)
        thread.start()
        # Whatever waits for the sweep's lock now goes on after it; the rest is done by then.
        thread.join(0.5)
        return used

    monkeypatch.setattr(UploadRepository, "content_is_used", slowly)
    ingest.sweep()
    thread.join()
    return answers[0]


def test_content_received_while_the_sweep_drops_it_is_kept(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest.age(receive(ingest), seconds=WEEK)

    answer = while_the_sweep_holds(
        ingest, monkeypatch, lambda: ingest.put("b.csv", CONTENT, dataset="people")
    )

    assert answer.status_code == 201, answer.text
    ingest.sweep()
    ingest.assert_whole()
    file_id = answer.json()["version"]["files"][0]["id"]
    assert ingest.ask("GET", f"/v1/files/{file_id}/content").content == CONTENT


def test_an_upload_landed_while_the_sweep_drops_it_is_refused(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = receive(ingest)
    ingest.age(old, seconds=WEEK)

    answer = while_the_sweep_holds(ingest, monkeypatch, lambda: land(ingest, old))

    assert (answer.status_code, answer.json()["code"]) == (409, "upload_not_ready")
    ingest.assert_whole()


def test_an_upload_that_ends_while_objects_are_searched_keeps_its_object(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The search sees the writer at work; the name comes at the same moment."""
    looked, files = sweep_module._is_being_written, []

    def then_receive(*arguments: Any) -> bool:
        being_written = looked(*arguments)
        if not files:
            files.append(ingest.put("b.csv", b"b\n2\n", dataset="people").json())
        return being_written

    receive(ingest)
    monkeypatch.setattr(sweep_module, "_is_being_written", then_receive)
    ingest.sweep()
    ingest.sweep()

    ingest.assert_whole()
    assert len(ingest.objects()) == 2


def test_partials_of_dead_writers_go(light_ingest: Ingest, monkeypatch: pytest.MonkeyPatch) -> None:
    assert light_ingest.settings.storage.root is not None
    (light_ingest.settings.storage.root / ".partial" / "left").write_bytes(b"x")
    light_ingest.sweep()
    assert len(light_ingest.partials()) == 1

    monkeypatch.setattr(sweep_module, "PARTIALS_LIFE_S", 0.0)
    light_ingest.settings.upload_lease_s = 1e-9
    light_ingest.sweep()
    assert light_ingest.partials() == []
