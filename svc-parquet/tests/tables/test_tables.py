"""Reading a table: its rows, its profile, its bytes, what was set aside."""

import base64
import hashlib
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from parquet_service import Parquet, parquet_settings, running_parquet

from shared_lib.contracts.jobs import JobState
from shared_lib.db.engine import ReadView
from shared_lib.jobs.models import JobRow
from shared_lib.jobs.orphans import OrphanSweep
from svc_parquet.tables.objects import named_objects

ROWS = b"id,name,when\n1,Ada,2024-01-05\n2,,2024-02-29\n3,Grace,2024-12-31\nbroken\n"


@pytest.fixture(scope="module")
def people(light_parquet: Parquet) -> Any:
    (done,) = light_parquet.land({"people.csv": ROWS}, dataset="people")
    return done


def test_a_table_tells_its_versions_and_columns(light_parquet: Parquet, people: Any) -> None:
    table = light_parquet.get(f"/v1/tables/{people['table_id']}")

    assert (table["name"], table["versions"]) == ("people", 1)
    latest = table["latest_version"]
    assert (latest["number"], latest["rows"], latest["quarantined_rows"]) == (1, 3, 1)
    assert [(c["name"], c["type"]) for c in latest["columns"]] == [
        ("id", "int64"),
        ("name", "string"),
        ("when", "date"),
    ]
    for wanted in ("people", people["dataset_id"]):
        found = light_parquet.get("/v1/tables", params={"dataset": wanted})["items"]
        assert [each["id"] for each in found] == [table["id"]]


def test_a_preview_shows_the_first_rows(light_parquet: Parquet, people: Any) -> None:
    path = f"/v1/tables/{people['table_id']}/preview"

    preview = light_parquet.get(path, params={"limit": 2})
    assert preview["rows"] == [[1, "Ada", "2024-01-05"], [2, None, "2024-02-29"]]
    assert preview["total_rows"] == 3
    assert light_parquet.ask("GET", path, params={"limit": 101}).status_code == 422


def test_a_profile_has_statistics_and_reasons(light_parquet: Parquet, people: Any) -> None:
    profile = light_parquet.get(f"/v1/tables/{people['table_id']}/profile")

    columns = {column["name"]: column for column in profile["profile"]["columns"]}
    assert (columns["id"]["min"], columns["id"]["max"], columns["id"]["mean"]) == (1, 3, 2.0)
    assert (columns["name"]["nulls"], columns["name"]["distinct"]) == (1, 2)
    assert all(column["reason"] for column in profile["decisions"]["columns"])


def test_a_download_is_parquet_with_a_digest_and_ranges(
    light_parquet: Parquet, people: Any
) -> None:
    path = f"/v1/tables/{people['table_id']}/download"
    whole = light_parquet.ask("GET", path)

    assert whole.headers["content-type"] == "application/vnd.apache.parquet"
    assert 'filename="people.v1.parquet"' in whole.headers["content-disposition"]
    digest = base64.b64encode(hashlib.sha256(whole.content).digest()).decode()
    assert whole.headers["repr-digest"] == f"sha-256=:{digest}:"
    assert pq.read_table(io.BytesIO(whole.content)).num_rows == 3
    part = light_parquet.ask("GET", path, headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"PAR1")
    fresh = light_parquet.ask("GET", path, headers={"If-None-Match": whole.headers["etag"]})
    assert fresh.status_code == 304
    other = light_parquet.ask("GET", path, headers={"Accept": "text/csv"})
    assert (other.status_code, other.json()["code"]) == (406, "not_acceptable")


def test_the_quarantine_names_line_reason_and_bytes(light_parquet: Parquet, people: Any) -> None:
    answer = light_parquet.ask("GET", f"/v1/tables/{people['table_id']}/quarantine")

    (row,) = [json.loads(line) for line in answer.text.splitlines()]
    assert row["line"] == 5
    assert row["reason"]
    assert "broken" in json.dumps(row)


def test_versions_can_be_asked_for_by_number(light_parquet: Parquet, people: Any) -> None:
    path = f"/v1/tables/{people['table_id']}"

    assert light_parquet.get(f"{path}/preview", params={"version": 1})["total_rows"] == 3
    missing = light_parquet.ask("GET", f"{path}/preview", params={"version": 7})
    assert (missing.status_code, missing.json()["code"]) == (404, "table_version_not_found")
    assert light_parquet.ask("GET", f"{path}/preview", params={"version": 0}).status_code == 422


def test_a_table_without_quarantine_says_so(light_parquet: Parquet) -> None:
    (done,) = light_parquet.land({"c.csv": b"a\n1\n"}, dataset="clean")
    answer = light_parquet.ask("GET", f"/v1/tables/{done['table_id']}/quarantine")

    assert (answer.status_code, answer.json()["code"]) == (404, "nothing_quarantined")
    assert "1 row" in answer.json()["detail"]


def test_a_list_is_paged(light_parquet: Parquet) -> None:
    for number in range(3):
        light_parquet.land({f"{number}.csv": b"a\n1\n"}, dataset=f"page-{number}")
    first = light_parquet.get("/v1/tables", params={"limit": 2})
    second = light_parquet.get("/v1/tables", params={"limit": 2, "cursor": first["next"]})

    names = [each["name"] for each in first["items"] + second["items"]]
    assert names[:3] == ["page-2", "page-1", "page-0"]


def test_objects_that_nobody_names_go_and_named_ones_stay(parquet: Parquet) -> None:
    (done,) = parquet.land({"a.csv": b"a\n1\n"}, dataset="swept")
    named = parquet.objects()
    dead = f"tables/tn_a/{done['table_id']}/{done['job_id']}-99/part-00000.parquet"
    parquet.runtime.store.put(dead, [b"left by a try that lost its job"])

    for sweep in parquet.runtime.sweeps:
        sweep(parquet.runtime)

    assert parquet.objects() == named
    assert parquet.table(done) == {"a": [1]}


def test_what_is_published_while_it_is_looked_for_stays(tmp_path: Path, database_url: str) -> None:
    """A job that ends between the sweep's two looks has named its objects by the second."""
    made = parquet_settings(tmp_path, database_url=database_url)
    with running_parquet(made, supervised=False) as parquet:
        landed = parquet.landed({"a.csv": b"a\n1\n"}, dataset="raced")
        assert parquet.tell(landed).status_code == 200
        runtime = parquet.runtime

        def move(state: JobState) -> str:
            with runtime.database.write() as unit:
                (job,) = unit.session.query(JobRow)
                job.state, job.fence = state, 1
                return str(job.id)

        key = f"tables/tn_a/tb_x/{move(JobState.PUBLISHING)}-1/part-00000.parquet"
        runtime.store.put(key, [b"just written"])

        def named_just_before_the_commit(view: ReadView, keys: Iterable[str]) -> set[str]:
            found = named_objects(view, keys)
            move(JobState.SUCCEEDED)
            return found

        OrphanSweep("tables/", named=named_just_before_the_commit, every_s=1)(runtime)

        assert parquet.objects() == [key]
