"""Tables that grow over the wire, on both databases; no row is lost on the way."""

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from parquet_service import Parquet, parquet_settings, running_parquet

from shared_lib.storage import StorageSettings
from shared_lib.testing.servers.stores import S3Server
from shared_lib.testing.services import OTHER
from shared_lib.testing.waiting import wait_until


def ended(parquet: Parquet, answer: Any) -> Any:
    assert answer.status_code == 202, answer.text
    asked = answer.json()
    path = f"/v1/tables/{asked['table_id']}/changes/{asked['id']}"

    def found() -> Any:
        change = parquet.get(path)
        return change if change["state"] in {"succeeded", "failed", "dead"} else None

    return wait_until(found, what="the change", timeout_s=60)


def append(parquet: Parquet, table_id: str, source: Any, **more: Any) -> Any:
    body = {"source_table_id": source["table_id"], **more}
    return parquet.ask("POST", f"/v1/tables/{table_id}/appends", json=body)


def rows(parquet: Parquet, table_id: str, *, version: int | None = None) -> dict[str, list[Any]]:
    params = {"version": version} if version else {}
    table = parquet.get(f"/v1/tables/{table_id}/versions", params={"limit": 100})["items"]
    chosen = next(v for v in table if version in (None, v["number"]))
    parts = []
    for part in range(chosen["parts"]):
        path = f"/v1/tables/{table_id}/download"
        answer = parquet.ask("GET", path, params=params | {"part": part})
        assert answer.status_code == 200, answer.text
        parts.append(pl.read_parquet(io.BytesIO(answer.content)))
    return pl.concat(parts).to_dict(as_series=False)


def test_a_table_grows_and_every_version_stays(parquet: Parquet) -> None:
    (first,) = parquet.land({"a.csv": b"id,x\n1,a\n2,b\n"}, dataset="grows")
    (more,) = parquet.land({"b.csv": b"id,x\n3,c\n"}, dataset="more")
    (wider,) = parquet.land({"c.csv": b"id,y\n4.5,2026-01-01\n"}, dataset="wider")
    table = first["table_id"]
    same = ended(parquet, append(parquet, table, more))
    assert (same["state"], same["number"], same["error"]) == ("succeeded", 2, None)
    assert (same["parts_shared"], same["parts_after"]) == (2, 2)
    grown = ended(parquet, append(parquet, table, wider))
    assert grown["changes"]["added"] == ["y"]
    assert grown["changes"]["removed"] == ["x"]
    assert grown["changes"]["retyped"][0]["column"] == "id"

    assert rows(parquet, table, version=1) == {"id": [1, 2], "x": ["a", "b"]}
    assert rows(parquet, table, version=2) == {"id": [1, 2, 3], "x": ["a", "b", "c"]}
    newest = rows(parquet, table)
    assert [float(value) for value in newest["id"]] == [1, 2, 3, 4.5]
    assert newest["x"] == ["a", "b", "c", None]
    preview = parquet.get(f"/v1/tables/{table}/preview")
    assert (preview["total_rows"], preview["rows"][0][1]) == (4, "a")
    profile = parquet.get(f"/v1/tables/{table}/profile")["profile"]
    assert {c["name"]: c["nulls"] for c in profile["columns"]} == {"id": 0, "x": 1, "y": 3}
    told = [e["payload"] for e in parquet.events("table.published")]
    assert [t["rows"] for t in told if t["table_id"] == table] == [2, 3, 4]
    derived = [e["payload"] for e in parquet.events("dataset_version.derived")]
    assert [d["dataset_name"] for d in derived] == ["grows", "grows"]

    again = ended(parquet, append(parquet, table, wider))
    assert (again["parts_before"], again["parts_after"], again["parts_shared"]) == (1, 2, 1)
    newest = rows(parquet, table)
    compacted = ended(parquet, parquet.ask("POST", f"/v1/tables/{table}/compactions"))
    assert (compacted["number"], compacted["parts_after"]) == (5, 1)
    assert rows(parquet, table) == newest
    again = parquet.ask("POST", f"/v1/tables/{table}/compactions")
    assert (again.status_code, again.json()["code"]) == (409, "nothing_to_compact")
    for sweep in parquet.runtime.sweeps:
        sweep(parquet.runtime)
    assert rows(parquet, table, version=2) == {"id": [1, 2, 3], "x": ["a", "b", "c"]}
    (savings,) = parquet.get("/v1/savings", params={"dataset": "grows"})["datasets"]
    assert savings["bytes"]["before"] == len(b"id,x\n1,a\n2,b\n")


@pytest.mark.long
def test_tables_grow_and_are_asked_on_s3(tmp_path: Path, rclone_server: S3Server) -> None:
    """Parts are fetched, shared, merged, queried and paged where no file has a path."""
    storage = StorageSettings(
        kind="s3",
        endpoint=rclone_server.endpoint,
        access_key=rclone_server.access_key,
        secret_key=rclone_server.secret_key,
        bucket="parquet-tables",
        secure=False,
    )
    with running_parquet(parquet_settings(tmp_path, storage=storage)) as parquet:
        (first,) = parquet.land({"a.csv": b"id,x\n1,a\n2\n"}, dataset="grows")
        (more,) = parquet.land({"b.csv": b"id,x\n3,c\n"}, dataset="more")
        table = first["table_id"]
        assert ended(parquet, append(parquet, table, more))["parts_shared"] == 2
        grown = rows(parquet, table)
        assert grown == {"id": [1, 3], "x": ["a", "c"]}
        compacted = ended(parquet, parquet.ask("POST", f"/v1/tables/{table}/compactions"))
        assert (compacted["state"], compacted["parts_after"]) == ("succeeded", 1)
        assert rows(parquet, table) == grown
        assert parquet.get(f"/v1/tables/{table}/preview")["rows"] == [[1, "a"], [3, "c"]]
        page = parquet.get(f"/v1/tables/{table}/rows", params={"sort": "-id", "limit": 1})
        assert page["rows"] == [[3, "c"]]
        sql = {"sql": "SELECT max(id) FROM data"}
        answer = parquet.ask("POST", f"/v1/tables/{table}/query", json=sql)
        assert answer.json()["rows"] == [[3]]
        differs = diff(parquet, table, before=1, after=3)
        assert differs["rows"]["first_added"] == [[3, "c"]]
        preview = {"file_id": first["file_id"], "options": {"schema": {"id": "string"}}}
        seen = parquet.ask("POST", "/v1/conversions/preview", json=preview).json()
        assert seen["tables"][0]["rows"] == [["1", "a"]]
        mended = {"rows": [{"byte": 9, "text": "2,b"}]}
        path = f"/v1/conversions/{first['id']}/replay"
        assert parquet.ask("POST", path, json=mended).status_code == 202
        parquet.ended(first["file_id"])
        assert rows(parquet, table) == {"id": [1, 2], "x": ["a", "b"]}


def test_appends_at_once_lose_no_row(parquet: Parquet) -> None:
    (base,) = parquet.land({"a.csv": b"id\n0\n"}, dataset="busy")
    sources = [
        parquet.land({"s.csv": f"id\n{n}\n".encode()}, dataset=f"source-{n}")[0]
        for n in range(1, 5)
    ]
    with ThreadPoolExecutor(4) as pool:
        asked = list(pool.map(lambda s: append(parquet, base["table_id"], s), sources))
    for answer in asked:
        assert ended(parquet, answer)["state"] == "succeeded"

    assert sorted(rows(parquet, base["table_id"])["id"]) == [0, 1, 2, 3, 4]


def test_what_does_not_fit_is_refused_with_the_reason(light_parquet: Parquet) -> None:
    (base,) = light_parquet.land({"a.csv": b"id,ok\n1,true\n"}, dataset="fits")
    (other,) = light_parquet.land({"b.csv": b"id,ok\n2,5\n"}, dataset="not")
    (big,) = light_parquet.land({"c.csv": b"id\n0.1e-5\n"}, dataset="floats")
    (large,) = light_parquet.land({"d.csv": b"id\n9007199254740993\n"}, dataset="large")
    refused = append(light_parquet, base["table_id"], other)
    assert (refused.status_code, refused.json()["code"]) == (409, "schema_conflict")
    assert "Column ok is boolean here and int64 there" in refused.json()["detail"]
    done = ended(light_parquet, append(light_parquet, base["table_id"], other, widen_to_text=True))
    assert rows(light_parquet, base["table_id"])["ok"] == ["true", "5"]
    assert done["changes"]["retyped"][0]["after"] == "string"
    failed = ended(light_parquet, append(light_parquet, large["table_id"], big))
    assert (failed["state"], failed["error"]["code"]) == ("failed", "schema_conflict")
    assert "9007199254740993" in failed["error"]["detail"]
    theirs = {"source_table_id": big["table_id"]}
    path = f"/v1/tables/{base['table_id']}/appends"
    assert light_parquet.ask("POST", path, json=theirs, tenant=OTHER).status_code == 404


def test_versions_of_a_moment_and_of_an_older_base(light_parquet: Parquet) -> None:
    (base,) = light_parquet.land({"a.csv": b"id\n1\n"}, dataset="travel")
    (more,) = light_parquet.land({"b.csv": b"id\n2\n"}, dataset="travel-more")
    table = base["table_id"]
    path = f"/v1/tables/{table}/versions"
    first = light_parquet.get(path)["items"][0]["created_at"]
    ended(light_parquet, append(light_parquet, table, more))
    again = ended(light_parquet, append(light_parquet, table, more, base_version=1))
    assert again["number"] == 3
    assert rows(light_parquet, table) == {"id": [1, 2]}
    # Times leave with milliseconds: a moment later it was there.
    moment = first.replace("Z", "999Z")
    found = light_parquet.get(path, params={"as_of": moment})["items"]
    assert [version["number"] for version in found] == [1]
    naive = light_parquet.ask("GET", path, params={"as_of": "2026-01-01T00:00:00"})
    assert naive.status_code == 422


@pytest.fixture(scope="module")
def changed(light_parquet: Parquet) -> str:
    """A table whose second version has another row, one less, and one changed."""
    (first,) = light_parquet.land({"a.csv": b"id,x\n1,a\n2,b\n2,b\n3,c\n"}, dataset="changed")
    (second,) = light_parquet.land({"b.csv": b"id,x,z\n1,a,7\n3,d,8\n4,e,9\n"}, dataset="second")
    table: str = first["table_id"]
    ended(light_parquet, append(light_parquet, table, second))
    return table


def diff(parquet: Parquet, table: str, **params: Any) -> Any:
    return parquet.get(f"/v1/tables/{table}/diff", params=params)


def test_versions_differ_by_content(light_parquet: Parquet, changed: str) -> None:
    found = diff(light_parquet, changed, before=1, after=2)

    assert (found["rows_before"], found["rows_after"]) == (4, 7)
    assert found["columns"] == {"added": ["z"], "removed": [], "retyped": []}
    assert (found["rows"]["added"], found["rows"]["removed"]) == (3, 0)
    assert sorted(found["rows"]["first_added"]) == [[1, "a"], [3, "d"], [4, "e"]]
    assert {"column": "id", "statistic": "max", "before": 3, "after": 4} in found["statistics"]
    back = diff(light_parquet, changed, before=2, after=1)
    assert (back["rows"]["added"], back["rows"]["removed"]) == (0, 3)
    assert diff(light_parquet, changed, before=2, after=2)["statistics"] == []


def test_versions_differ_by_key(light_parquet: Parquet) -> None:
    (first,) = light_parquet.land({"a.csv": b"id,x,y\n1,a,5\n2,b,5\n3,c,5\n"}, dataset="keyed")
    landed = light_parquet.landed({"a.csv": b"id,x,y\n1,a,5\n3,d,6\n4,e,5\n"}, dataset="keyed")
    light_parquet.tell(landed)
    light_parquet.ended(landed.files[0].file_id)
    found = diff(light_parquet, first["table_id"], before=1, after=2, key="id")["rows"]

    assert (found["added"], found["removed"], found["changed"]) == (1, 1, 1)
    assert found["first_added"] == [[4, "e", 5]]
    assert found["first_removed"] == [[2, "b", 5]]
    assert found["changed_columns"] == {"x": 1, "y": 1}
    assert sorted(found["first_changed"]) == [[3, "x", "c", "d"], [3, "y", 5, 6]]
    path = f"/v1/tables/{first['table_id']}/diff"
    wrong = light_parquet.ask("GET", path, params={"before": 1, "after": 2, "key": "nothing"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "key_not_usable")
