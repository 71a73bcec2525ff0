"""Landed files: read back as they came."""

import pytest
from ingest_service import Ingest, content_digest, digest_of

from shared_lib.contracts.ids import IdKind, new_id

CONTENT = b'name\r\n"Zo\xeb"\r\n\x00\xff'


def test_a_file_is_read_back_byte_by_byte(ingest: Ingest) -> None:
    (file,) = ingest.land("people", "deep/Zoë.csv", CONTENT)["files"]

    assert ingest.get(f"/v1/files/{file['id']}") == file
    answer = ingest.ask("GET", f"/v1/files/{file['id']}/content")

    assert answer.content == CONTENT
    assert file["sha256"] == digest_of(CONTENT)
    assert answer.headers["Repr-Digest"] == content_digest(CONTENT)
    assert "filename*=UTF-8''Zo%C3%AB.csv" in answer.headers["Content-Disposition"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("asked", "start", "end"), [("bytes=2-5", 2, 6), ("bytes=-3", -3, None), ("bytes=4-", 4, None)]
)
def test_a_part_of_a_file(light_ingest: Ingest, asked: str, start: int, end: int | None) -> None:
    (file,) = light_ingest.land("people", content=CONTENT)["files"]

    answer = light_ingest.ask("GET", f"/v1/files/{file['id']}/content", headers={"Range": asked})

    assert answer.status_code == 206, answer.text
    assert answer.content == CONTENT[start:end]
    assert answer.headers["Content-Range"].endswith(f"/{len(CONTENT)}")


def test_a_part_behind_the_end_is_refused(light_ingest: Ingest) -> None:
    (file,) = light_ingest.land("people", content=CONTENT)["files"]

    answer = light_ingest.ask(
        "GET", f"/v1/files/{file['id']}/content", headers={"Range": "bytes=9999-"}
    )

    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(CONTENT)}"


@pytest.mark.parametrize("below", ["", "/content"])
def test_a_file_that_is_not_there(light_ingest: Ingest, below: str) -> None:
    answer = light_ingest.ask("GET", f"/v1/files/{new_id(IdKind.FILE)}{below}")

    assert (answer.status_code, answer.json()["code"]) == (404, "file_not_found")
