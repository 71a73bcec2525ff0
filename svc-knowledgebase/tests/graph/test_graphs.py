"""The graph of a base in the service: made once when asked for, sent whole, asked, swept."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from knowledge_service import BASES, Knowledge, knowledge_settings, running_knowledge
from made_graph import CLUSTERS, FILES

from shared_lib.testing.services import TENANT
from svc_knowledgebase.bases.models import KnowledgeBaseRow
from svc_knowledgebase.builds.service import Builds

CONTENT = {path: text.encode() for path, text in FILES.items()}


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


def test_the_graph_of_a_base(light_knowledge: Knowledge) -> None:
    """Overview, exports, a query: each is made by one job, and made anew when groups come."""
    knowledge = light_knowledge
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
    _check_exports(knowledge, overview["counts"])
    _check_queries(knowledge)
    assert knowledge.get(f"{BASES}/docs/graph") == overview
    assert _graph_jobs(knowledge) == 4

    _publish(knowledge, build["id"], "clusters.json", CLUSTERS)
    named = {(n["label"], n["name"]): n["records"]
             for n in knowledge.get(f"{BASES}/docs/graph")["nodes"]}  # fmt: skip
    assert named["Cluster", "pumps"] == 3
    assert ("Cluster", "unused") not in named
    _publish(knowledge, build["id"], "categories.json", {"taxonomy": "none"})
    for _ in range(2):
        failed = knowledge.ask("GET", f"{BASES}/docs/graph")
        assert (failed.status_code, failed.json()["code"]) == (500, "graph_failed")
        assert "categories.json" in failed.json()["detail"]
    assert _graph_jobs(knowledge) == 6


def _check_exports(knowledge: Knowledge, counts: dict[str, int]) -> None:
    graph = json.loads(_export(knowledge, "json"))
    assert _export(knowledge, "json") == _export(knowledge, "json")
    labels = [node["label"] for node in graph["nodes"]]
    assert {label: labels.count(label) for label in set(labels)} == {
        label: counts[label] for label in set(labels)
    }
    with zipfile.ZipFile(io.BytesIO(_export(knowledge, "neo4j-parquet"))) as archive:
        frame = pl.read_parquet(io.BytesIO(archive.read("nodes-Record.parquet")))
        assert "--nodes=nodes-Record.parquet" in archive.read("import.txt").decode()
    assert frame.height == counts["Record"]


def _check_queries(knowledge: Knowledge) -> None:
    path = f"{BASES}/docs/graph/query"
    cypher = "MATCH (d:Document)-[:HAS_RECORD]->(r) RETURN d.path, count(r) ORDER BY d.path"
    asked = knowledge.ask("POST", path, json={"cypher": cypher, "limit": 2})
    assert asked.status_code == 200, asked.text
    assert (asked.json()["rows"], asked.json()["truncated"]) == (
        [["a/b/one.md", 2], ["a/two.txt", 1]], True,
    )  # fmt: skip
    refused = knowledge.ask("POST", path, json={"cypher": "COPY Term FROM '/etc/passwd'"})
    assert (refused.status_code, refused.json()["code"]) == (422, "query_refused")


def _publish(knowledge: Knowledge, build_id: str, name: str, content: dict[str, Any]) -> None:
    """As another job does that has grouped the records of a build."""
    key = f"knowledge/{TENANT}/{build_id}/job_kb_1-1/{name}"
    stored = knowledge.runtime.store.put(key, [json.dumps(content).encode()])
    with knowledge.runtime.database.write() as unit:
        Builds(knowledge.runtime).add_object(unit, build_id, name=name, stored=stored)


def test_what_is_being_made_is_not_waited_for_forever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody works here: the second asks for no second job, and both are told when to come."""
    monkeypatch.setattr("svc_knowledgebase.graph.endpoints.PATIENCE_S", 0.05)
    with running_knowledge(knowledge_settings(tmp_path), supervised=False) as knowledge:
        base = knowledge.make_base("slow")
        knowledge.land(CONTENT, dataset="slow")
        (build,) = knowledge.get(f"{BASES}/slow/builds")["items"]
        _publish(knowledge, build["id"], "records.jsonl", {})
        with knowledge.runtime.database.write() as unit:
            unit.session.get_one(KnowledgeBaseRow, base["id"]).current_build_id = build["id"]
        answers = [knowledge.ask("GET", f"{BASES}/slow/graph") for _ in range(2)]
        for answer in answers:
            assert (answer.status_code, answer.json()["code"]) == (503, "graph_being_made")
            assert answer.headers["retry-after"] == "2"
        assert answers[0].json()["job_id"] == answers[1].json()["job_id"]
        assert _graph_jobs(knowledge) == 1
        # What waits for a deleted base is cancelled at once, the build too.
        assert knowledge.ask("DELETE", f"{BASES}/slow").status_code == 200
        for job in (answers[0].json()["job_id"], build["job_id"]):
            assert knowledge.get(f"/v1/jobs/{job}")["state"] == "cancelled"
