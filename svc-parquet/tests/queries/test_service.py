"""Asking a table, over the wire and through a real query process."""

import io
import json
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polars as pl
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from parquet_service import Parquet, parquet_settings, running_parquet

from shared_lib.testing.services import OTHER
from shared_lib.testing.waiting import wait_until
from svc_parquet.queries.settings import QuerySettings

ROWS = 45_000
TABLE = "id,price,name,day\n" + "".join(
    f"{n},{n * 7919 % 1000}.50,{'' if n % 5 == 0 else f'n{n % 100}'},2026-01-{n % 28 + 1:02}\n"
    for n in range(ROWS)
)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A service with tight limits, and a table of three row groups."""
    made = parquet_settings(tmp_path_factory.mktemp("asked"))
    limits = QuerySettings(time_limit_s=2, memory_limit_bytes=128 * 2**20, max_bytes=2**24)
    with running_parquet(made.model_copy(update={"queries": limits})) as running:
        (done,) = running.land({"t.csv": TABLE.encode()}, dataset="asked")
        yield running, done["table_id"]


def ask(parquet: Parquet, table_id: str, sql: str, **more: Any) -> Any:
    headers = {"Accept": more.pop("accept", "application/json")}
    tenant = {"tenant": more.pop("tenant")} if "tenant" in more else {}
    body = {"sql": sql, **more}
    path = f"/v1/tables/{table_id}/query"
    return parquet.ask("POST", path, json=body, headers=headers, **tenant)


def test_an_answer_has_exact_values_and_types(asked: Any) -> None:
    answer = ask(*asked, "SELECT id, price, name, day FROM data ORDER BY id LIMIT 2")

    assert answer.json() == {
        "columns": [
            {"name": "id", "type": "BIGINT"},
            {"name": "price", "type": "DECIMAL(18,2)"},
            {"name": "name", "type": "VARCHAR"},
            {"name": "day", "type": "DATE"},
        ],
        "truncated": False,
        "rows": [[0, "0.50", None, "2026-01-01"], [1, "919.50", "n1", "2026-01-02"]],
    }
    assert (answer.headers["fleet-rows"], answer.headers["fleet-truncated"]) == ("2", "false")


READ = {
    "application/json": lambda content: json.loads(content)["rows"],
    "application/x-ndjson": lambda c: [list(json.loads(line).values()) for line in c.splitlines()],
    "text/csv": lambda content: pl.read_csv(content).rows(),
    "application/vnd.apache.parquet": lambda c: list(pl.read_parquet(c).iter_rows()),
    "application/vnd.apache.arrow.stream": lambda c: [
        tuple(row.values()) for row in pa.ipc.open_stream(c).read_all().to_pylist()
    ],
}


@pytest.mark.parametrize("form", READ)
def test_every_form_holds_the_same_rows(asked: Any, form: str) -> None:
    sql = "SELECT id, name FROM data WHERE id >= 20000 ORDER BY id"
    answer = ask(*asked, sql, accept=form, limit=12_000)

    assert answer.headers["content-type"].startswith(form)
    assert answer.headers["fleet-truncated"] == "true"
    rows = [tuple(row) for row in READ[form](answer.content)]
    assert rows == [(n, None if n % 5 == 0 else f"n{n % 100}") for n in range(20_000, 32_000)]


def test_columns_of_one_name_and_odd_types_are_answered(asked: Any) -> None:
    sql = (
        "SELECT 1 AS x, 2 AS x, 170141183460469231731687303715884105727::HUGEINT, 'NaN'::DOUBLE, "
        "[1, NULL], {'a': DATE '2026-01-01'}, 'ab'::BLOB, INTERVAL 1 DAY, TIME '01:02:03', sum(id) "
        "FROM data"
    )
    (row,) = ask(*asked, sql).json()["rows"]
    assert row[:7] == [
        1, 2, "170141183460469231731687303715884105727", "nan", [1, None], {"a": "2026-01-01"},
        "6162",
    ]  # fmt: skip
    assert row[9] == str(ROWS * (ROWS - 1) // 2) or row[9] == ROWS * (ROWS - 1) // 2
    assert ask(*asked, sql, accept="text/csv").status_code == 200


@pytest.mark.parametrize(
    ("sql", "status", "code"),
    [
        ("SELECT * FROM read_csv('/etc/passwd')", 422, "query_refused"),
        ("SELECT nothing FROM data", 422, "query_failed"),
        ("SELEC 1", 422, "query_failed"),
        ("SELECT count(*) FROM range(99999999999) a, range(9999999) b", 422, "query_time_limit"),
        ("SELECT list(a.i) FROM range(300000000) a(i)", 422, "query_memory_limit"),
        ("SELECT repeat('x', 5000) FROM data", 413, "result_too_large"),
        ("SELECT repeat('x', 1000000) FROM data", 422, "query_memory_limit"),
        ("SELECT CAST(name AS INT) FROM data", 422, "query_failed"),
    ],
)
def test_what_cannot_be_answered_says_why_and_the_next_is(
    asked: Any, sql: str, status: int, code: str
) -> None:
    answer = ask(*asked, sql)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.json()["detail"].endswith(".")
    assert "/objects/" not in answer.text
    assert ask(*asked, "SELECT 1").json()["rows"] == [[1]]


def test_other_forms_other_tenants_and_unknown_fields(asked: Any) -> None:
    assert ask(*asked, "SELECT 1", accept="image/png").status_code == 406
    assert ask(*asked, "SELECT 1", tenant=OTHER).status_code == 404
    assert ask(*asked, "SELECT 1", nothing=1).status_code == 422
    assert ask(*asked, "SELECT 1", version=9).json()["code"] == "table_version_not_found"


def query_children() -> list[psutil.Process]:
    own = psutil.Process(os.getpid()).children(recursive=True)
    return [child for child in own if "svc_parquet.queries.child" in child.cmdline()]


def test_a_process_is_kept_warm_and_replaced_when_it_is_killed(asked: Any) -> None:
    ask(*asked, "SELECT 1")
    (before, *_) = query_children()
    ask(*asked, "SELECT 1")
    assert before in query_children()
    for child in query_children():
        child.send_signal(signal.SIGKILL)
        child.wait(10)
    assert ask(*asked, "SELECT 1").status_code == 200
    secrets = {name for name in query_children()[0].environ() if name.startswith("FLEET")}
    assert secrets == set()
    assert "duckdb" not in {name.partition(".")[0] for name in sys.modules if "svc" in name}


def test_questions_at_once_are_all_answered(asked: Any) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda n: ask(*asked, f"FROM data SELECT {n} + count(*)"), range(8))
        )
    assert [answer.json()["rows"] for answer in answers] == [[[n + ROWS]] for n in range(8)]


def page(asked: Any, **params: Any) -> Any:
    parquet, table_id = asked
    return parquet.get(f"/v1/tables/{table_id}/rows", params=params)


def test_a_page_is_read_at_any_place(asked: Any) -> None:
    found = page(asked, offset=19_990, limit=20, column=["id", "day"])
    assert [row[0] for row in found["rows"]] == list(range(19_990, 20_010))
    assert [c["name"] for c in found["columns"]] == ["id", "day"]
    assert (found["total"], found["total_exact"]) == (ROWS, True)
    assert page(asked, offset=ROWS - 1)["rows"][0][0] == ROWS - 1
    assert page(asked, offset=10 * ROWS)["rows"] == []


def test_a_page_is_filtered_and_sorted(asked: Any) -> None:
    found = page(
        asked, filter=["name:eq:n7", "price:ge:500"], sort="-price", column=["id", "price"], limit=5
    )
    matching = [n for n in range(ROWS) if n % 100 == 7 and n * 7919 % 1000 + 0.5 >= 500]
    wanted = sorted(matching, key=lambda n: (-(n * 7919 % 1000), n))
    assert [row[0] for row in found["rows"]] == wanted[:5]
    assert (found["total"], found["total_exact"]) == (len(matching), True)
    assert page(asked, filter="name:null", limit=1)["total_exact"] is True
    many = page(asked, filter="name:notnull", limit=1)
    assert (many["total"], many["total_exact"]) == (10_000, False)
    assert page(asked, filter="name:contains:N99", limit=1)["rows"][0][0] == 99


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"sort": "nothing"}, "no column nothing"),
        ({"filter": "price"}, "is no filter"),
        ({"filter": "price:gt:abc"}, "Could not convert"),
        ({"column": "x"}, "no column x"),
    ],
)
def test_a_wrong_page_is_told(asked: Any, params: Any, said: str) -> None:
    parquet, table_id = asked
    answer = parquet.ask("GET", f"/v1/tables/{table_id}/rows", params=params)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    offset=st.integers(0, ROWS),
    limit=st.integers(1, 60),
    sort=st.sampled_from(["", "name", "-day"]),
)
def test_pages_are_slices_of_the_whole(asked: Any, offset: int, limit: int, sort: str) -> None:
    params = {"offset": offset, "limit": limit, **({"sort": sort} if sort else {})}
    keys = {
        "": lambda n: n,
        "name": lambda n: (n % 5 == 0, f"n{n % 100}" if n % 5 else "", n),
        "-day": lambda n: (-(n % 28), n),
    }
    whole = sorted(range(ROWS), key=keys[sort])
    assert [row[0] for row in page(asked, **params)["rows"]] == whole[offset : offset + limit]


def test_a_table_in_an_object_store_is_asked_too(
    tmp_path: Path, light_parquet: Parquet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where parts are no files, they are fetched once and kept."""
    from svc_parquet.queries.part_files import PartFiles  # noqa: PLC0415 - the one test of it

    store = light_parquet.runtime.store
    content = io.BytesIO()
    pq.write_table(pa.table({"a": [1]}), content)
    store.put("tables/x/part", [content.getvalue()])
    monkeypatch.setattr(type(store), "local_path", lambda *_: None)
    files = PartFiles(store, folder=tmp_path / "cache", most_bytes=0)
    path = files.path_of("tables/x/part")
    assert pq.read_table(path).to_pydict() == {"a": [1]}
    assert files.path_of("tables/x/part") == path
    os.utime(path, (1, 1))
    store.put("tables/x/other", [content.getvalue()])
    files.path_of("tables/x/other")
    wait_until(lambda: not path.exists(), what="the room")
