"""The graph of a base in the service: made once when asked for, sent whole, asked, swept."""

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import networkx
import polars as pl
from knowledge_service import BASES, Knowledge, knowledge_settings, running_knowledge
from made_graph import FILES

from shared_lib.testing.services import TENANT
from shared_lib.testing.waiting import wait_until
from svc_knowledgebase.builds.models import BuildObjectRow

CONTENT = {path: text.encode() for path, text in FILES.items()}
FORMATS = ("neo4j-csv", "neo4j-parquet", "cypher", "graphml", "json")


def _export(knowledge: Knowledge, form: str) -> bytes:
    answer = knowledge.ask("GET", f"{BASES}/docs/graph/export", params={"format": form})
    assert answer.status_code == 200, answer.text
    assert "sha-256=" in answer.headers["repr-digest"]
    return answer.content


def _graph_jobs(knowledge: Knowledge) -> int:
    with knowledge.runtime.database.read() as view:
        return view.session.connection().exec_driver_sql(
            "SELECT count(*) FROM job WHERE kind = 'graph'"
        ).scalar_one()  # fmt: skip


def test_the_graph_of_a_base(knowledge: Knowledge) -> None:
    """Overview, all exports, a query; each is made by one job; the sweep leaves nothing."""
    knowledge.make_base("docs")
    early = knowledge.ask("GET", f"{BASES}/docs/graph")
    assert (early.status_code, early.json()["code"]) == (409, "not_built_yet")
    knowledge.land(CONTENT, dataset="docs")
    build = knowledge.built("docs")

    overview = knowledge.get(f"{BASES}/docs/graph")
    assert (overview["base_name"], overview["build_id"], overview["build_number"]) == (
        "docs", build["id"], 1,
    )  # fmt: skip
    assert overview["counts"]["Record"] == build["counts"]["records"] == 4
    assert [n["path"] for n in overview["nodes"] if n["label"] == "Folder"] == ["", "a", "a/b"]

    found = {form: _export(knowledge, form) for form in FORMATS}
    graph = json.loads(found["json"])
    labels = [node["label"] for node in graph["nodes"]]
    assert {label: labels.count(label) for label in set(labels)} == {
        label: overview["counts"][label] for label in set(labels)
    }
    assert networkx.parse_graphml(found["graphml"].decode()).number_of_edges() == len(
        graph["edges"]
    )
    assert b"UNWIND" in found["cypher"]
    with zipfile.ZipFile(io.BytesIO(found["neo4j-csv"])) as archive:
        rows = list(csv.reader(archive.read("nodes-Record.csv").decode().splitlines()))
        assert "--nodes=nodes-Record.csv" in archive.read("import.txt").decode()
    with zipfile.ZipFile(io.BytesIO(found["neo4j-parquet"])) as archive:
        frame = pl.read_parquet(io.BytesIO(archive.read("nodes-Record.parquet")))
    assert frame.columns == rows[0]
    assert frame.height == 4

    asked = knowledge.ask("POST", f"{BASES}/docs/graph/query", json={
        "cypher": "MATCH (d:Document)-[:HAS_RECORD]->(r) RETURN d.path, count(r) ORDER BY d.path",
        "limit": 2,
    })  # fmt: skip
    assert asked.status_code == 200, asked.text
    assert (asked.json()["rows"], asked.json()["truncated"]) == (
        [["a/b/one.md", 2], ["a/two.txt", 1]], True,
    )  # fmt: skip
    refused = knowledge.ask(
        "POST", f"{BASES}/docs/graph/query", json={"cypher": "COPY Term FROM '/etc/passwd'"}
    )
    assert (refused.status_code, refused.json()["code"]) == (422, "query_refused")
    assert knowledge.get(f"{BASES}/docs/graph") == overview
    assert _export(knowledge, "json") == found["json"]
    assert _graph_jobs(knowledge) == len(FORMATS) + 2

    assert knowledge.ask("DELETE", f"{BASES}/docs").status_code == 200
    wait_until(lambda: not knowledge.objects(), what="the sweep")


def test_groups_that_come_later_are_in_the_graph(light_knowledge: Knowledge) -> None:
    """As another job publishes clusters and categories of a build, the graph is made anew."""
    light_knowledge.make_base("groups")
    light_knowledge.land(CONTENT, dataset="groups")
    build = light_knowledge.built("groups")
    before = light_knowledge.get(f"{BASES}/groups/graph")
    assert before["counts"]["Cluster"] == 0
    _publish(light_knowledge, build["id"], "clusters.json", {
        "clusters": [{"id": 0, "label": "pumps", "terms": ["valve"]}], "assignment": [0, -1, 0, 0],
    })  # fmt: skip
    _publish(light_knowledge, build["id"], "categories.json", {
        "categories": [{"id": "air", "label": "Air"}],
        "assignment": [[], [{"id": "air", "score": 0.5}], [], []],
    })  # fmt: skip
    after = light_knowledge.get(f"{BASES}/groups/graph")
    named = {(n["label"], n["name"]): n["records"] for n in after["nodes"]}
    assert (named["Cluster", "pumps"], named["Category", "Air"]) == (3, 1)


def _publish(knowledge: Knowledge, build_id: str, name: str, content: dict[str, Any]) -> None:
    stored = knowledge.runtime.store.put(
        f"knowledge/{TENANT}/{build_id}/job_kb_1-1/{name}", [json.dumps(content).encode()]
    )
    with knowledge.runtime.database.write() as unit:
        unit.session.add(
            BuildObjectRow(object_key=stored.key, build_id=build_id, name=name,
                           bytes=stored.bytes, sha256=stored.sha256)
        )  # fmt: skip


def test_a_graph_that_cannot_be_made_says_why(light_knowledge: Knowledge) -> None:
    light_knowledge.make_base("damaged")
    light_knowledge.land(CONTENT, dataset="damaged")
    build = light_knowledge.built("damaged")
    _publish(light_knowledge, build["id"], "clusters.json", {"clusters": "none"})
    for _ in range(2):
        answer = light_knowledge.ask("GET", f"{BASES}/damaged/graph")
        assert (answer.status_code, answer.json()["code"]) == (500, "graph_failed")
        assert "clusters.json" in answer.json()["detail"]


def test_what_is_being_made_is_not_waited_for_forever(tmp_path: Path, monkeypatch: Any) -> None:
    """Nobody works here: the second asks for no second job, and both are told when to come."""
    monkeypatch.setattr("svc_knowledgebase.graph.endpoints.PATIENCE_S", 0.05)
    settings = knowledge_settings(tmp_path)
    with running_knowledge(settings) as knowledge:
        knowledge.make_base("slow")
        knowledge.land(CONTENT, dataset="slow")
        knowledge.built("slow")
    with running_knowledge(settings, supervised=False) as knowledge:
        answers = [knowledge.ask("GET", f"{BASES}/slow/graph") for _ in range(2)]
        for answer in answers:
            assert (answer.status_code, answer.json()["code"]) == (503, "graph_being_made")
            assert answer.headers["retry-after"] == "2"
        assert answers[0].json()["job_id"] == answers[1].json()["job_id"]
        assert _graph_jobs(knowledge) == 1
