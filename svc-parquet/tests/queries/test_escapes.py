"""Attempts to leave the sandbox: each is refused by the guard, and by the engine without it."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from shared_lib.answering.errors import QueryFailedError, QueryRefusedError
from svc_parquet.queries.engine import Engine

REFUSED = [
    # files
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_blob('/proc/self/environ')",
    "SELECT * FROM read_parquet('{part}')",
    "SELECT * FROM parquet_metadata('{part}')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM '{part}'",
    'SELECT * FROM "{other}"',
    "SELECT * FROM glob('/*')",
    "SELECT * FROM sniff_csv('/etc/passwd')",
    "SELECT * FROM data JOIN read_json('/etc/passwd') ON true",
    "SELECT (SELECT content FROM read_text('/etc/passwd'))",
    "SELECT * FROM data WHERE a IN (SELECT size FROM read_text('/etc/passwd'))",
    "WITH x AS (SELECT * FROM read_text('/etc/passwd')) SELECT * FROM x",
    "WITH \"/etc/passwd\" AS (SELECT 1) SELECT * FROM \"/etc/passwd\"",
    "SELECT * FROM data UNION ALL SELECT content FROM read_text('/etc/passwd')",
    "SELECT * FROM (PIVOT read_csv('/etc/passwd') ON a)",
    "SELECT list_transform([1], x -> (SELECT max(content) FROM read_text('/etc/passwd')))",
    "FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_duckdb('/tmp/x.db')",
    # another way to say a table function
    "SELECT * FROM query('SELECT * FROM read_text(''/etc/passwd'')')",
    "SELECT * FROM query_table('/etc/passwd')",
    "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))",
    "SELECT * FROM pandas_scan(0)",
    "SELECT * FROM arrow_scan(0, 0, 0)",
    "SELECT * FROM python_map_function(0)",
    # writing
    "COPY data TO '/tmp/out.csv'",
    "COPY (SELECT 1) TO '/tmp/out.parquet'",
    "EXPORT DATABASE '/tmp/out'",
    "CREATE TABLE x AS SELECT 1",
    "CREATE OR REPLACE VIEW data AS SELECT 1",
    "INSERT INTO data VALUES (1, 'x')",
    "DELETE FROM data",
    "UPDATE data SET a = 1",
    "DROP VIEW data",
    "CREATE MACRO f() AS 1",
    "SELECT 1 INTO x",
    # other databases, extensions, the network
    "ATTACH '/tmp/x.db'",
    "ATTACH 'host=127.0.0.1' AS p (TYPE postgres)",
    "INSTALL httpfs",
    "LOAD httpfs",
    "FORCE INSTALL httpfs FROM 'http://127.0.0.1'",
    "SELECT * FROM 'http://127.0.0.1/x.parquet'",
    "SELECT * FROM read_parquet('s3://bucket/x.parquet')",
    "CREATE SECRET s (TYPE s3)",
    "USE memory",
    # settings and what they tell
    "SET enable_external_access = true",
    "SET lock_configuration = false",
    "RESET enable_external_access",
    "PRAGMA enable_external_access",
    "SELECT current_setting('allowed_paths')",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_views()",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM pragma_database_size()",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM pg_catalog.pg_settings",
    "SELECT * FROM sqlite_master",
    "SELECT * FROM memory.main.data",
    "SELECT getenv('HOME')",
    "SELECT getvariable('x')",
    "SET VARIABLE x = 1",
    "SELECT current_query()",
    "SELECT session_user()",
    "SELECT version()",
    "SHOW TABLES",
    "SELECT * FROM (DESCRIBE data)",
    "SELECT * FROM (SHOW ALL TABLES)",
    "EXPLAIN ANALYZE SELECT 1",
    "CALL pragma_version()",
    # several, hidden, none
    "SELECT 1; COPY data TO '/tmp/x'",
    "SELECT 1; SELECT 2",
    "SELECT 1 /* x */; SET threads = 9 --",
    "PREPARE q AS SELECT 1",
    "EXECUTE q",
    "BEGIN",
    "CHECKPOINT",
    "VACUUM",
    "SELECT sleep_ms(100000)",
    "SELECT pg_sleep(1000)",
    "SELECT nextval('s')",
    "SELECT write_log('x')",
    "SELECT setseed(0.5)",
    "",
    ";",
    "this is no SQL",
]  # fmt: skip

ALLOWED = [
    "SELECT count(*) FROM data",
    "FROM data SELECT a WHERE b LIKE '1%' ORDER BY a DESC LIMIT 3",
    "WITH x AS (SELECT a % 3 AS k, count(*) AS n FROM data GROUP BY ALL) SELECT * FROM x",
    "WITH RECURSIVE f(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM f WHERE n < 5) SELECT * FROM f",
    "SELECT d.a, e.b FROM data d JOIN data e USING (a) WHERE d.a < 3",
    "SELECT a, row_number() OVER (PARTITION BY a % 2 ORDER BY a) AS r FROM data QUALIFY r < 3",
    "SELECT * FROM range(5) t(i) LEFT JOIN data ON i = a",
    "SELECT * EXCLUDE (b) FROM data USING SAMPLE 10 ROWS",
    "SELECT unnest([1, 2, 3]), upper('x'), regexp_extract('a1', '[0-9]'), current_date",
    "SELECT * FROM (VALUES (1, 'x')) v(i, j)",
    "SELECT a FROM data EXCEPT SELECT a FROM data WHERE a > 5",
    "PIVOT (SELECT a % 2 AS k, a FROM data) ON k IN (0, 1) USING sum(a)",
    "SELECT typeof(a), json_extract('{}', '$.x'), strftime(now(), '%Y') FROM data",
    "SELECT [x * 2 FOR x IN [1, 2]], list_transform([1], lambda x: x + 1)",
    "SELECT median(a), quantile_cont(a, 0.9), list(b)[1:2], arg_max(b, a) FROM data",
]  # fmt: skip

MakeEngine = Callable[[], Engine]


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parts")
    frame = pl.DataFrame({"a": range(100), "b": [str(n) for n in range(100)]})
    frame.write_parquet(folder / "part.parquet")
    frame.write_parquet(folder / "other.parquet")
    return folder / "part.parquet"


@pytest.fixture(scope="module")
def engine(part: Path) -> Engine:
    made = Engine(memory_bytes=256 * 2**20, threads=1)
    made.open([str(part)])
    return made


def filled(sql: str, part: Path) -> str:
    return sql.replace("{part}", str(part)).replace("{other}", str(part.with_name("other.parquet")))


@pytest.mark.parametrize("sql", REFUSED)
def test_an_attempt_to_leave_is_refused(engine: Engine, part: Path, sql: str) -> None:
    with pytest.raises((QueryRefusedError, QueryFailedError)):
        engine.check(filled(sql, part))


@pytest.mark.parametrize("sql", ALLOWED)
def test_what_reads_the_table_is_answered(engine: Engine, sql: str) -> None:
    engine.check(sql)
    engine.run(sql, limit=1000, most_bytes=2**24)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/proc/self/environ')",
        "SELECT * FROM '{other}'",
        "SELECT * FROM glob('/etc/*')",
        "COPY data TO '{other}.csv'",
        "ATTACH '{other}.db' AS x",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET allowed_paths = ['/etc/passwd']",
        "SET lock_configuration = false",
        "SET threads = 8",
        "SELECT * FROM read_parquet('http://127.0.0.1:9/x.parquet')",
        "CREATE PERSISTENT SECRET s (TYPE http)",
    ],
)
def test_the_engine_alone_refuses_what_the_guard_would(
    engine: Engine, part: Path, sql: str
) -> None:
    with pytest.raises(QueryFailedError):
        engine.run(filled(sql, part), limit=10, most_bytes=2**20)


def test_a_frame_of_this_process_is_no_table(engine: Engine) -> None:
    frame = pl.DataFrame({"secret": [1]})
    with pytest.raises(QueryRefusedError):
        engine.check("SELECT * FROM frame")
    with pytest.raises(QueryFailedError):
        engine.run("SELECT * FROM frame", limit=10, most_bytes=2**20)
    assert frame.height == 1
