"""A graph is merged into a real Neo4j, in a container, where its image can be had."""

import subprocess
from collections.abc import Iterator

import pytest
from neo4j import GraphDatabase

from shared_lib.testing.compose import engine_is_here
from shared_lib.testing.processes import free_port
from shared_lib.testing.waiting import wait_until
from svc_knowledgebase.graph.bolt import Target, send
from svc_knowledgebase.graph.errors import BoltUnreachableError
from svc_knowledgebase.graph.model import EDGES, NODES, Graph

IMAGE = "neo4j:5"
PASSWORD = "of-a-test-only"

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]


def docker(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def neo4j() -> Iterator[Target]:
    """A server of its own; what it needs may be missing, and then it says what."""
    if not engine_is_here():
        pytest.skip("no container engine answers here: start dockerd, or set DOCKER_HOST")
    if docker("image", "inspect", IMAGE).returncode and docker("pull", IMAGE).returncode:
        pytest.skip(f"the image {IMAGE} cannot be had here: docker pull {IMAGE}")
    port = free_port()
    ports, login = f"127.0.0.1:{port}:7687", f"NEO4J_AUTH=neo4j/{PASSWORD}"
    started = docker("run", "--detach", "--rm", "--publish", ports, "--env", login, IMAGE)
    assert started.returncode == 0, started.stderr
    target = Target(f"bolt://127.0.0.1:{port}", user="neo4j", password=PASSWORD)
    try:
        wait_until(lambda: _answers(target), timeout_s=180, what="Neo4j")
        yield target
    finally:
        docker("stop", "--time", "10", started.stdout.strip())


def _answers(target: Target) -> bool:
    try:
        send(Graph([]), target)
    except BoltUnreachableError:
        return False
    return True


def test_neo4j_has_the_graph_once_however_often_it_is_sent(neo4j: Target, graph: Graph) -> None:
    for _ in range(2):
        send(graph, neo4j)
        with GraphDatabase.driver(neo4j.address, auth=(neo4j.user, neo4j.password)) as driver:
            found = {
                kind.label: driver.execute_query(f"MATCH (n:{kind.label}) RETURN count(n)")
                .records[0].value()
                for kind in NODES
            } | {
                kind.type: driver.execute_query(f"MATCH ()-[r:{kind.type}]->() RETURN count(r)")
                .records[0].value()
                for kind in EDGES
            }  # fmt: skip
        assert found == graph.counts()
