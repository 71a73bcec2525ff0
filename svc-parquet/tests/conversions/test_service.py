"""A landed file becomes a table once, whatever arrives twice, fails, or is asked for again."""

import gzip
import hashlib
import io
import json
from typing import Any

import pyarrow.parquet as pq
import pytest
from parquet_service import Parquet

from shared_lib.contracts.conversions import ConversionOptions
from shared_lib.contracts.ids import IdKind, new_id
from shared_lib.contracts.plans import FlowPlan
from shared_lib.storage.keys import raw_key
from shared_lib.testing.services import OTHER
from svc_parquet.conversions.naming import name_tables

LOSSY_ELSEWHERE = 'id;name;note\n007;Ärger;"two\nlines"\n042;Łódź;\n'.encode("cp1250")


def test_a_landed_file_is_converted_published_and_told_of(parquet: Parquet) -> None:
    (done,) = parquet.land({"in/a.csv": b"id,x\n1,2.50\n2,\n"}, dataset="a")

    assert (done["state"], done["path"], done["error"]) == ("succeeded", "in/a.csv", None)
    assert parquet.table(done) == {"id": [1, 2], "x": pytest.approx([2.5, None])}
    report = done["report"]
    assert (report["rows"], report["quarantine"]["rows"]) == (2, 0)
    (event,) = parquet.events("table.published")
    told = event["payload"]
    assert told["table_id"] == done["table_id"]
    assert told["job_id"] == done["job_id"]
    assert (told["rows"], told["bytes_in"]) == (2, 15)
    assert event["flow_id"] == done["flow_id"]
    states = [e["payload"]["job"]["state"] for e in parquet.events("job.changed")]
    assert (states[0], states[-1]) == ("queued", "succeeded")


def test_an_event_that_comes_twice_makes_one_job(parquet: Parquet) -> None:
    landed = parquet.landed({"a.csv": b"a\n1\n"}, dataset="twice")
    event_id = new_id(IdKind.EVENT)
    for _ in range(3):
        assert parquet.tell(landed, event_id=event_id).status_code == 200

    parquet.ended(landed.files[0].file_id)
    assert len(parquet.get("/v1/conversions")["items"]) == 1
    assert len(parquet.events("table.published")) == 1


def test_what_a_flow_was_asked_for_goes_on_with_its_table(light_parquet: Parquet) -> None:
    plan = FlowPlan(suite="gate", pipeline="small", params={"train.c": 2})
    landed = light_parquet.landed({"p.csv": b"a\n1\n"}, dataset="planned")
    light_parquet.tell(landed.model_copy(update={"plan": plan}))
    light_parquet.ended(landed.files[0].file_id)

    (event,) = light_parquet.events("table.published")
    assert FlowPlan.model_validate(event["payload"]["plan"]) == plan


def test_decisions_are_kept_and_can_be_overruled(light_parquet: Parquet) -> None:
    """An encoding that cannot be told is asked for, never guessed."""
    (first,) = light_parquet.land({"p.csv": LOSSY_ELSEWHERE}, dataset="polish")
    assert (first["state"], first["error"]["code"]) == ("failed", "encoding_undecided")
    answer = light_parquet.ask(
        "POST",
        "/v1/conversions",
        json={"file_id": first["file_id"], "options": {"encoding": "cp1250"}},
    )
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/v1/jobs/{answer.json()['job_id']}"
    again = light_parquet.ended(first["file_id"])

    assert again["report"]["decisions"]["encoding"] == "cp1250"
    assert light_parquet.table(again) == {
        "id": ["007", "042"],
        "name": ["Ärger", "Łódź"],
        "note": ["two\nlines", None],
    }
    assert again["table_id"] == first["table_id"]


def test_converting_again_adds_a_version(light_parquet: Parquet) -> None:
    (first,) = light_parquet.land({"v.csv": b"a\n007\n"}, dataset="versions")
    body = {"file_id": first["file_id"], "options": {"schema": {"a": "int64"}}}
    assert light_parquet.ask("POST", "/v1/conversions", json=body).status_code == 202
    again = light_parquet.ended(first["file_id"])

    versions = light_parquet.get(f"/v1/tables/{again['table_id']}/versions")["items"]
    assert [version["number"] for version in versions] == [2, 1]


def test_repeating_a_request_with_its_key_makes_one_conversion(light_parquet: Parquet) -> None:
    (first,) = light_parquet.land({"p.csv": b"a\n1\n"}, dataset="repeated")
    body = {"file_id": first["file_id"]}
    answers = [
        light_parquet.ask(
            "POST", "/v1/conversions", json=body, headers={"Idempotency-Key": "once"}
        ).json()
        for _ in range(2)
    ]

    assert answers[0]["id"] == answers[1]["id"]
    listed = light_parquet.get("/v1/conversions", params={"file": first["file_id"]})["items"]
    assert len(listed) == 2


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(b"", "empty_file", id="empty"),
        pytest.param(b"\x7fELF\x02\x01\x01" + bytes(64), "unsupported_format", id="program"),
        pytest.param(
            b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03broken", "truncated_compression", id="gzip"
        ),
    ],
)
def test_what_cannot_be_converted_says_why_and_publishes_nothing(
    light_parquet: Parquet, content: bytes, code: str
) -> None:
    (failed,) = light_parquet.land({"bad.csv": content}, dataset=f"bad-{code}")

    assert failed["state"] == "failed"
    assert failed["error"]["code"] == code
    assert failed["path"] == "bad.csv"
    assert failed["error"]["detail"].endswith(".")
    assert failed["table_version_id"] is None
    table = light_parquet.get(f"/v1/tables/{failed['table_id']}")
    assert (table["versions"], table["latest_version"]) == (0, None)
    refused = light_parquet.ask("GET", f"/v1/tables/{failed['table_id']}/preview")
    assert refused.status_code == 409
    assert refused.json()["code"] == "table_not_published"


def test_a_bad_file_costs_itself_only(light_parquet: Parquet) -> None:
    good, bad = light_parquet.land({"good.csv": b"a\n1\n", "bad.csv": b""}, dataset="mixed")

    assert (good["state"], bad["state"]) == ("succeeded", "failed")


def test_options_of_the_landing_are_used(light_parquet: Parquet) -> None:
    (done,) = light_parquet.land(
        {"o.csv": b"a|b\n1|NA\n"},
        dataset="options",
        options=ConversionOptions(delimiter="|", null_values=["NA"]),
    )

    assert light_parquet.table(done) == {"a": [1], "b": [None]}
    assert done["options"] == {"delimiter": "|", "null_values": ["NA"]} | {
        name: value
        for name, value in done["options"].items()
        if name not in ("delimiter", "null_values")
    }


def test_the_raw_bytes_are_never_touched(light_parquet: Parquet) -> None:
    content = b"a,b\n1\n2,3,4\n5,6\n"
    landed = light_parquet.landed({"q.csv": content}, dataset="raw")
    light_parquet.tell(landed)
    done = light_parquet.ended(landed.files[0].file_id)

    assert done["report"]["quarantine"]["rows"] == 2
    kept = b"".join(light_parquet.runtime.store.open(landed.files[0].object_key))
    assert hashlib.sha256(kept).hexdigest() == landed.files[0].sha256


def test_bytes_that_are_gone_fail_the_job_and_say_so(light_parquet: Parquet) -> None:
    landed = light_parquet.landed({"g.csv": b"a\n1\n"}, dataset="gone")
    light_parquet.runtime.store.delete(landed.files[0].object_key)
    light_parquet.tell(landed)
    failed = light_parquet.ended(landed.files[0].file_id)

    assert (failed["state"], failed["error"]["code"]) == ("dead", "object_missing")


def test_another_tenant_sees_and_converts_nothing(light_parquet: Parquet) -> None:
    (mine,) = light_parquet.land({"m.csv": b"a\n1\n"}, dataset="mine")
    body = {"file_id": mine["file_id"]}

    assert light_parquet.get("/v1/conversions", tenant=OTHER)["items"] == []
    assert light_parquet.get("/v1/tables", tenant=OTHER)["items"] == []
    hidden = ("", "/versions", "/preview", "/profile", "/download", "/quarantine")
    paths = [f"/v1/tables/{mine['table_id']}{end}" for end in hidden]
    for path in (*paths, f"/v1/conversions/{mine['id']}", f"/v1/jobs/{mine['job_id']}"):
        assert light_parquet.ask("GET", path, tenant=OTHER).status_code == 404, path
    refused = light_parquet.ask("POST", "/v1/conversions", json=body, tenant=OTHER)
    assert refused.status_code == 404


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["x/y.csv"], ["ds"]),
        (["a.csv", "b.tsv.gz"], ["a", "b"]),
        (["a.csv", "a.tsv", "b.csv"], ["a.csv", "a.tsv", "b"]),
        (["d/a.csv", "e/a.csv"], ["d/a", "e/a"]),
        ([".csv", "v1.2.csv"], [".csv", "v1.2"]),
    ],
)
def test_tables_of_one_version_never_share_a_name(paths: list[str], names: list[str]) -> None:
    assert list(name_tables(paths, dataset="ds").values()) == names


def test_files_that_differ_in_their_ending_are_two_tables(light_parquet: Parquet) -> None:
    files: dict[str, Any] = {"same.csv": b"a\n1\n", "same.tsv": b"a\n2\n"}
    one, two = light_parquet.land(files, dataset="endings")

    assert (light_parquet.table(one), light_parquet.table(two)) == ({"a": [1]}, {"a": [2]})


def test_a_landed_folder_keeps_its_tree(light_parquet: Parquet) -> None:
    """In the API and in the Parquet files; the rows of a file in a folder can be replayed too."""
    bad = b"a,b\n1,2\n3\n"
    one, _ = light_parquet.land({"2025/north/x.csv": bad, "y.csv": b"a\n2\n"}, dataset="tree")

    place = {"name": None, "path": "2025/north/x.csv", "folder": "2025", "subfolders": ["north"],
             "hidden": False}  # fmt: skip
    assert one["tables"][0]["source"] == place
    table = light_parquet.get(f"/v1/tables/{one['table_id']}")
    assert (table["name"], table["latest_version"]["source"]) == ("2025/north/x", place)
    answer = light_parquet.ask("GET", f"/v1/tables/{one['table_id']}/download")
    metadata = pq.read_metadata(io.BytesIO(answer.content)).metadata
    assert json.loads(metadata[b"datafleet.source"]) == place
    again = _replay(light_parquet, one, b8="3,4")
    assert light_parquet.table(again) == {"a": [1, 3], "b": [2, 4]}


def test_a_file_of_several_tables_publishes_each(parquet: Parquet) -> None:
    document = b'{\n"made": "today",\n"people": [{"id": 1}],\n"orders": [{"id": 7}, {"id": 8}]}'
    (done,) = parquet.land({"shop.json": document}, dataset="shop")

    assert [(t["name"], t["source"]["name"], t["rows"]) for t in done["tables"]] == [
        ("shop/people", "people", 1),
        ("shop/orders", "orders", 2),
        ("shop/document", "document", 1),
    ]
    assert done["table_id"] == done["tables"][0]["table_id"]
    assert done["report"]["rows"] == 1
    told = [event["payload"] for event in parquet.events("table.published")]
    assert [(t["table_name"], t["tables"], t["rows"]) for t in told] == [
        ("shop/people", 3, 1),
        ("shop/orders", 3, 2),
        ("shop/document", 3, 1),
    ]
    listed = parquet.get("/v1/tables", params={"dataset": "shop"})["items"]
    assert {table["name"] for table in listed} == {t["name"] for t in done["tables"]}
    orders = parquet.get(f"/v1/tables/{done['tables'][1]['table_id']}")["latest_version"]
    assert orders["source"]["name"] == "orders"
    assert parquet.table({"table_id": done["tables"][1]["table_id"]}) == {"id": [7, 8]}

    body = {"file_id": done["file_id"]}
    assert parquet.ask("POST", "/v1/conversions", json=body).status_code == 202
    again = parquet.ended(done["file_id"])
    assert [t["table_id"] for t in again["tables"]] == [t["table_id"] for t in done["tables"]]


def _preview(parquet: Parquet, file_id: str, **options: Any) -> Any:
    body = {"file_id": file_id, "options": options}
    answer = parquet.ask("POST", "/v1/conversions/preview", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_preview_answers_the_decisions_and_keeps_nothing(light_parquet: Parquet) -> None:
    rows = b"".join(b"%d;00501;note %d\n" % (i, i) for i in range(100_000))
    (done,) = light_parquet.land({"p.csv": gzip.compress(b"id;zip;t\n" + rows)}, dataset="pre")
    seen = _preview(light_parquet, done["file_id"])
    (table,) = seen["tables"]
    assert (seen["complete"], seen["error"]) == (False, None)
    decided = table["decisions"]
    assert (decided["delimiter"], decided["compression"], decided["header"]) == (";", "gzip", True)
    assert {c["name"]: c["type"] for c in decided["columns"]} == {
        "id": "int64", "zip": "string", "t": "string",
    }  # fmt: skip
    assert table["rows"][:2] == [[0, "00501", "note 0"], [1, "00501", "note 1"]]
    assert table["quarantine"]["rows"] == 0
    other = _preview(light_parquet, done["file_id"], header=False, delimiter=",")
    assert other["tables"][0]["decisions"]["columns"][0]["name"] == "column_1"
    assert len(light_parquet.get(f"/v1/tables/{done['table_id']}/versions")["items"]) == 1


@pytest.mark.parametrize(
    ("name", "content", "complete", "code"),
    [
        ("a.json", b"[" + b'{"a": 1},' * 200_000 + b'{"a": 2}]', False, None),
        ("a.json", b'[{"a": 1}]', True, None),
        ("a.csv", LOSSY_ELSEWHERE, True, "encoding_undecided"),
        ("a.csv", b"", True, "empty_file"),
        ("a.xml", b"<?xml version='1.0'?><d>" + b"<r>1</r>" * 200_000, True, "source_too_large"),
    ],
)
def test_what_a_preview_can_and_cannot_judge(
    light_parquet: Parquet, name: str, content: bytes, complete: bool, code: str | None
) -> None:
    (done,) = light_parquet.land({name: content}, dataset=f"judge-{len(content)}")
    seen = _preview(light_parquet, done["file_id"])
    assert (seen["error"] or {}).get("code") == code
    assert code or seen["complete"] is complete
    if code is None:
        assert seen["tables"][0]["decisions"]["columns"][0]["type"] == "int64"


def test_a_preview_of_another_tenants_file_is_refused(light_parquet: Parquet) -> None:
    (done,) = light_parquet.land({"p.csv": b"a\n1\n"}, dataset="pre-other")
    body = {"file_id": done["file_id"]}
    refused = light_parquet.ask("POST", "/v1/conversions/preview", json=body, tenant=OTHER)
    assert refused.status_code == 404


def _replay(parquet: Parquet, conversion: Any, **corrections: str) -> Any:
    rows = [{"byte": int(byte[1:]), "text": text} for byte, text in corrections.items()]
    path = f"/v1/conversions/{conversion['id']}/replay"
    answer = parquet.ask("POST", path, json={"rows": rows})
    assert answer.status_code == 202, answer.text
    again = parquet.ended(conversion["file_id"])
    assert again["id"] == answer.json()["id"]
    return again


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_rows_of_a_quarantine_are_put_right_by_one_call(
    light_parquet: Parquet, compress: Any
) -> None:
    """They come back in their place; a correction of a correction works as well."""
    content = b"a,b\r\n1,2\r\n3\r\n4,5,6\r\n7,8\r\n"
    name = f"replay-{compress.__name__}"
    (first,) = light_parquet.land({"q.csv": compress(content)}, dataset=name)
    assert [place["byte"] for place in first["report"]["quarantine"]["first"]] == [10, 13]

    second = _replay(light_parquet, first, b10="3,33", b13="4,5,still")
    assert light_parquet.table(second) == {"a": [1, 3, 7], "b": [2, 33, 8]}
    assert second["replays"] == first["id"]
    (left,) = second["report"]["quarantine"]["first"]
    third = _replay(light_parquet, second, **{f"b{left['byte']}": "4,5"})
    assert light_parquet.table(third) == {"a": [1, 3, 4, 7], "b": [2, 33, 5, 8]}
    assert third["report"]["quarantine"]["rows"] == 0
    refused = light_parquet.ask(
        "POST", f"/v1/conversions/{third['id']}/replay", json={"rows": [{"byte": 1, "text": "x"}]}
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing_to_replay")


def test_a_correction_of_no_quarantined_row_is_refused(light_parquet: Parquet) -> None:
    (first,) = light_parquet.land({"q.csv": b"a,b\n1,2\n3\n"}, dataset="replay-wrong")
    failed = _replay(light_parquet, first, b4="9,9")
    assert (failed["state"], failed["error"]["code"]) == ("failed", "unknown_row")
    dropped = _replay(light_parquet, first, b8="")
    assert light_parquet.table(dropped) == {"a": [1], "b": [2]}
    body = {"rows": [{"byte": 8, "text": "3,4"}]}
    path = f"/v1/conversions/{first['id']}/replay"
    assert light_parquet.ask("POST", path, json=body, tenant=OTHER).status_code == 404


def test_keys_of_raw_bytes_are_those_of_ingest() -> None:
    assert raw_key("tn_a", "up_1") == "raw/tn_a/up_1"
