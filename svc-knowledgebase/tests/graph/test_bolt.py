"""Neo4j's own driver sends the graph; what arrives runs in an engine. Twice is once."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ladybug
import pytest
from click.testing import CliRunner
from made_graph import ask, counted

from shared_lib.contracts.errors import FleetError
from shared_lib.testing.bolt import BoltServer, Rows, running_bolt
from svc_knowledgebase.commands.graph import command
from svc_knowledgebase.graph.bolt import Target, send
from svc_knowledgebase.graph.database import schema
from svc_knowledgebase.graph.errors import (
    BoltAddressError,
    BoltRefusedError,
    BoltSignInError,
    BoltUnreachableError,
)
from svc_knowledgebase.graph.model import NODES, Graph


@contextmanager
def neo4j_like() -> Iterator[tuple[BoltServer, Any]]:
    """A server over bolt whose Cypher runs in the embedded engine, and that engine."""
    engine = ladybug.Connection(ladybug.Database(":memory:"))
    for table in schema():
        engine.execute(table)

    def answer(cypher: str, parameters: dict[str, Any]) -> Rows:
        if cypher.startswith("CREATE CONSTRAINT"):
            # The engine has none but the primary keys of its tables, which are the same.
            return [], []
        return [], ask(engine, cypher, parameters)

    with running_bolt(BoltServer(answer)) as server:
        yield server, engine


def test_a_graph_is_sent_twice_and_is_there_once(graph: Graph) -> None:
    steps: list[tuple[int, int]] = []
    with neo4j_like() as (server, engine):
        target = Target(server.address, user="neo4j", password=server.password)
        for _ in range(2):
            sent = send(graph, target, progress=lambda done, total: steps.append((done, total)))
            assert counted(engine, graph) == graph.counts()
        text = ask(engine, "MATCH (r:Record) RETURN r.text ORDER BY r.text LIMIT 1")[0][0]
        assert text == min(node.properties["text"] for node in graph.nodes("Record"))
    total = sum(graph.counts().values())
    assert sent == total
    assert (steps[-1], steps[0][1]) == ((total, total), total)
    assert [each[0] for each in steps[: len(steps) // 2]] == sorted(
        each[0] for each in steps[: len(steps) // 2]
    )
    constraints = [cypher.startswith("CREATE CONSTRAINT") for cypher in server.seen]
    assert constraints[: len(NODES)] == [True] * len(NODES)
    assert server.seen.count("BEGIN") == server.seen.count("COMMIT") == len(steps)


def _closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_what_goes_wrong_is_told(graph: Graph) -> None:
    def refuse(cypher: str, _parameters: dict[str, Any]) -> Rows:
        raise ValueError("a syntax error, says the server")

    with running_bolt(BoltServer(refuse)) as server:
        address = server.address
        cases: list[tuple[Target, type[FleetError], str]] = [
            (Target(address, user="neo4j", password="wrong"), BoltSignInError, "password"),
            (Target(address, user="neo4j", password="secret"), BoltRefusedError, "syntax error"),
            (
                Target(f"bolt://127.0.0.1:{_closed_port()}", user="neo4j", password="x"),
                BoltUnreachableError,
                "7687",
            ),
            (Target("http://127.0.0.1", user="neo4j", password="x"), BoltAddressError, "bolt://"),
        ]
        for target, error, word in cases:
            with pytest.raises(error, match=word):
                send(graph, target)


def test_the_command_sends(base: Any, graph: Graph) -> None:
    with neo4j_like() as (server, engine):
        words = [str(base), "--bolt", server.address, "--user", "neo4j", "--json"]
        missing = CliRunner().invoke(command, words, env={"NEO4J_PASSWORD": None})
        assert missing.exit_code == 2
        assert "NEO4J_PASSWORD" in missing.stderr
        answer = CliRunner().invoke(command, words, env={"NEO4J_PASSWORD": server.password})
        assert answer.exit_code == 0, answer.output
        assert ask(engine, "MATCH (d:Document) RETURN count(*)") == [[3]]
    assert server.password not in " ".join(words)
