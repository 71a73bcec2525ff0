"""Questions to a graph: what they give, and that they can do nothing but read it."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from shared_lib.answering.errors import (
    QueryFailedError,
    QueryMemoryLimitError,
    QueryRefusedError,
    QueryTimeLimitError,
    ResultTooLargeError,
)
from svc_knowledgebase.commands.graph import command
from svc_knowledgebase.graph import engine as engine_module
from svc_knowledgebase.graph.database import write_database
from svc_knowledgebase.graph.engine import Engine
from svc_knowledgebase.graph.guard import check
from svc_knowledgebase.graph.model import Graph

MEBIBYTE = 1024**2


@pytest.fixture(scope="session")
def database(graph: Graph, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("database") / "graph.lbug"
    write_database(graph, path)
    return path


def answer(
    database: Path, cypher: str, *, limit: int = 100, seconds: float = 20, most: int = MEBIBYTE
) -> tuple[dict[str, Any], list[list[Any]]]:
    engine = Engine(memory_bytes=128 * MEBIBYTE, threads=1)
    with engine.within(seconds):
        return engine.ask(database, cypher, limit=limit, most_bytes=most)


def test_the_database_is_the_graph(graph: Graph, database: Path) -> None:
    for name, count in graph.counts().items():
        pattern = f"(n:{name})" if name[1].islower() else f"()-[n:{name}]->()"
        assert answer(database, f"MATCH {pattern} RETURN count(*)")[1] == [[count]], name
    header, rows = answer(
        database,
        "MATCH (d:Document)-[:HAS_RECORD]->(r:Record)-[c:IN_CATEGORY]->(n:Category) "
        "RETURN d.path AS path, c.score AS score, n ORDER BY score DESC;  // the best first",
        limit=1,
    )
    category = {"_LABEL": "Category", "id": "docs/water", "name": "Water", "records": 1}
    assert rows == [["a/b/one.md", 0.75, category]]
    assert header == {
        "columns": [
            {"name": "path", "type": "STRING"},
            {"name": "score", "type": "DOUBLE"},
            {"name": "n", "type": "NODE"},
        ],
        "truncated": True,
    }
    odd = answer(database, "RETURN 2^63, cast(9007199254740993 AS INT64), date('2026-01-02'), [1]")
    assert odd[1] == [[2.0**63, "9007199254740993", "2026-01-02", [1]]]


ATTEMPTS = [
    "LOAD FROM '{file}' RETURN *",
    "load/**/from '{file}' return *",
    "MATCH (n:Term) WITH n LOAD FROM '{file}' RETURN *",
    "MATCH (n:Term) WHERE n.documents < 1. LOAD FROM '{file}' RETURN *",
    "UNWIND [1] AS x LOAD FROM '{file}' RETURN *",
    "MATCH (n:Term) RETURN n.text AS `a` UNION LOAD FROM '{file}' RETURN *",
    "COPY (MATCH (n:Term) RETURN n.text) TO '{written}'",
    "COPY Term FROM '{file}'",
    "EXPORT DATABASE '{written}'",
    "IMPORT DATABASE '{folder}'",
    "ATTACH '{database}' AS other (dbtype lbug)",
    "DETACH other",
    "USE other",
    "INSTALL httpfs",
    "UNINSTALL httpfs",
    "LOAD EXTENSION '{file}'",
    "FORCE INSTALL json",
    "CREATE (:Term {{id: 'x'}})",
    "MATCH (n:Term) CREATE (:Term {{id: 'x'}}) RETURN n",
    "MERGE (:Term {{id: 'x'}})",
    "MATCH (n:Term) SET n.text = 'x'",
    "MATCH (n:Term) DETACH DELETE n",
    "MATCH (n:Term) DELETE n RETURN 1",
    "MATCH (n:Term) REMOVE n.text RETURN n",
    "CREATE NODE TABLE T(id STRING PRIMARY KEY)",
    "CREATE MACRO f(x) AS x + 1",
    "DROP TABLE Term",
    "ALTER TABLE Term ADD extra STRING",
    "COMMENT ON TABLE Term IS 'x'",
    "CALL threads=64",
    "CALL home_directory='{folder}'",
    "CALL show_tables() RETURN *",
    "CALL disk_info() RETURN *",
    "BEGIN TRANSACTION",
    "CHECKPOINT",
    "EXPLAIN MATCH (n:Term) RETURN n",
    "PROFILE MATCH (n:Term) RETURN n",
    "RETURN 1; COPY (RETURN 1) TO '{written}'",
    "RETURN 1; RETURN 2",
    "RETURN 'a\\'; COPY (RETURN 1) TO '{written}'; RETURN '",
    "/* RETURN 1 */ COPY (RETURN 1) TO '{written}'",
    "// RETURN 1\nCOPY (RETURN 1) TO '{written}'",
    "RETURN 1 /* ' */; COPY (RETURN 1) TO '{written}' /* ' */",
    "",
    ";",
]


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_what_does_more_than_read_is_refused(
    attempt: str, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused by its words; and without looking at them, it neither reads nor writes a file."""
    secret, before = tmp_path / "secret.csv", database.read_bytes()
    secret.write_text("secret,words\n1,2\n")
    cypher = attempt.format(
        file=secret, written=tmp_path / "written.csv", folder=tmp_path, database=database
    )
    with pytest.raises((QueryRefusedError, QueryFailedError)):
        answer(database, cypher)
    monkeypatch.setattr(engine_module, "check", lambda _cypher: None)
    said = _unguarded(database, cypher)
    assert "1,2" not in said
    assert "[1, 2]" not in said.replace("'", "")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files == [secret]
    assert database.read_bytes() == before
    assert list(database.parent.iterdir()) == [database]


def _unguarded(database: Path, cypher: str) -> str:
    try:
        return str(answer(database, cypher)[1])
    except (QueryRefusedError, QueryFailedError) as error:
        return error.detail


@pytest.mark.parametrize(
    "cypher",
    [
        "MATCH (n:Record) WHERE n.text CONTAINS 'LOAD; COPY // SET' RETURN n.id",
        'RETURN "CREATE \\" DELETE" AS `set`',
        "MATCH (n:Term) RETURN n.text AS offset, n. text // CALL\n LIMIT 3 /* DROP */;",
        "with 1 as x unwind [x, 2] as y return y",
        "OPTIONAL MATCH (a:Folder)-[:HAS_SUBFOLDER*1..3]->(b:Folder) RETURN a.path, count(b)",
    ],
)
def test_what_reads_is_answered(cypher: str, database: Path) -> None:
    check(cypher)
    answer(database, cypher)


@given(text=st.text(max_size=60))
def test_no_text_escapes_from_a_string(text: str) -> None:
    quoted = "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
    check(f"RETURN {quoted} AS x")
    with pytest.raises(QueryRefusedError):
        check(f"RETURN {quoted} AS x; COPY Term FROM {quoted}")


def test_limits_are_kept(database: Path) -> None:
    """Time, memory, the size of the answer; each says what to do."""
    long = "UNWIND range(1, 2000) AS {0} "
    with pytest.raises(QueryTimeLimitError, match="time limit"):
        answer(database, long.format("a") + long.format("b") + long.format("c")
               + "RETURN sum(a * b % c)", seconds=0.1)  # fmt: skip
    with pytest.raises(QueryMemoryLimitError, match="memory"):
        answer(database, long.format("a") + long.format("b") + long.format("c")
               + "WITH collect(a + b + c) AS x RETURN size(x)")  # fmt: skip
    with pytest.raises(ResultTooLargeError):
        answer(database, "UNWIND range(1, 1000) AS x RETURN repeat('long', 100)", most=10_000,
               limit=1000)  # fmt: skip
    for wrong in ("MATCH (n:Nothing) RETURN n", "MATCH (n RETURN n", "RETURN 'open", "RETURN `x"):
        with pytest.raises(QueryFailedError):
            answer(database, wrong)


def test_the_command_answers(base: Path) -> None:
    cypher = "MATCH (f:Folder) RETURN f.path AS path, f.depth AS depth ORDER BY path"
    words = [str(base), "--query", cypher, "--limit", "2"]
    told = CliRunner().invoke(command, [*words, "--json"])
    assert told.exit_code == 0, told.output
    lines = [json.loads(line) for line in told.stdout.splitlines()]
    assert lines == [{"path": "", "depth": 0}, {"path": "a", "depth": 1}]
    assert "there are more" in told.stderr
    refused = CliRunner().invoke(command, [str(base), "--query", "CALL threads=4"])
    assert (refused.exit_code, refused.stdout) == (1, "")
    both = CliRunner().invoke(command, [*words, "--to", "x"])
    assert both.exit_code == 2
