"""The graph keeps the tree, and every form of it says the same."""

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import ladybug
import networkx
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from shared_lib.contracts.knowledge import BuildOptions, Selection
from svc_knowledgebase.building.folder import build_folder
from svc_knowledgebase.commands.graph import command
from svc_knowledgebase.graph.exports import FORMS, literal, neo4j_command, statements
from svc_knowledgebase.graph.model import EDGES, NODES, Graph

LONG = " ".join(f"word{number}" for number in range(60))
FILES = {
    "a/b/one.md": "# Pump\n\nValve's \u201cwheel\u201d \\ of the pump.\n\n# Fan\n\nAir & <more>.",
    "a/two.txt": f"{LONG} valve",
    "three.txt": f"{LONG} valve pump",
}
TYPES = {"string": "STRING", "long": "INT64", "double": "DOUBLE"}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, target = tmp_path_factory.mktemp("in") / "docs", tmp_path_factory.mktemp("base")
    for path, text in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    build_folder(folder, target, selection=Selection(), options=BuildOptions())
    return target


@pytest.fixture(scope="module")
def graph(base: Path) -> Graph:
    lines = (base / "records.jsonl").read_text(encoding="utf-8").splitlines()
    return Graph(json.loads(line) for line in lines)


def counts(graph: Graph) -> dict[str, int]:
    nodes = {kind.label: len(list(graph.nodes(kind.label))) for kind in NODES}
    return nodes | {kind.type: len(list(graph.edges(kind.type))) for kind in EDGES}


def test_the_graph_is_the_tree(graph: Graph) -> None:
    found = counts(graph)
    assert {name: found[name] for name in ("KnowledgeBase", "Folder", "Document", "Record")} == {
        "KnowledgeBase": 1, "Folder": 3, "Document": 3, "Record": 4,
    }  # fmt: skip
    assert [found[name] for name in ("HAS_FOLDER", "HAS_SUBFOLDER", "HAS_DOCUMENT")] == [1, 2, 3]
    assert [found[name] for name in ("HAS_RECORD", "NEXT", "REPEATS")] == [4, 1, 1]
    assert {edge.target for edge in graph.edges("MENTIONS")} == {"pump"}, "valve is in all of them"


def test_cypher_runs_in_an_engine_and_may_be_run_again(graph: Graph) -> None:
    connection = ladybug.Connection(ladybug.Database(":memory:"))
    for kind in NODES:
        columns = "".join(f", {name} {TYPES[of]}" for name, of in kind.properties.items())
        connection.execute(f"CREATE NODE TABLE {kind.label}(id STRING PRIMARY KEY{columns})")
    for relation in EDGES:
        columns = "".join(f", {name} {TYPES[of]}" for name, of in relation.properties.items())
        ends = f"FROM {relation.source} TO {relation.target}"
        connection.execute(f"CREATE REL TABLE {relation.type}({ends}{columns})")
    for _ in range(2):
        for statement in statements(graph):
            connection.execute(statement)

    def ask(question: str) -> list[Any]:
        answer = connection.execute(question)
        rows = []
        while answer.has_next():
            rows.append(answer.get_next())
        return rows

    expected = counts(graph)
    for kind in NODES:
        assert ask(f"MATCH (n:{kind.label}) RETURN count(*)") == [[expected[kind.label]]]
    for relation in EDGES:
        question = f"MATCH ()-[r:{relation.type}]->() RETURN count(*)"
        assert ask(question) == [[expected[relation.type]]], relation.type
    found = ask(
        "MATCH (f:Folder {path: 'a/b'})-[:HAS_DOCUMENT]->(d:Document)-[:HAS_RECORD]->(r:Record) "
        "RETURN d.path, r.text ORDER BY r.position"
    )
    assert found[0] == ["a/b/one.md", "Pump\n\nValve's \u201cwheel\u201d \\ of the pump."]


def test_graphml_and_json_are_read_by_others(graph: Graph, tmp_path: Path) -> None:
    (path,) = FORMS["graphml"](graph, tmp_path)
    read = networkx.read_graphml(path)
    expected = counts(graph)
    labels = Counter(label for _, label in read.nodes(data="label"))
    assert labels == {kind.label: expected[kind.label] for kind in NODES}
    assert read.number_of_edges() == sum(expected[kind.type] for kind in EDGES)
    (path,) = FORMS["json"](graph, tmp_path)
    node_link = networkx.node_link_graph(json.loads(path.read_text("utf-8")), edges="edges")
    assert set(node_link.nodes) == set(read.nodes)
    assert {(a, b) for a, b, _ in node_link.edges} == {(edge[0], edge[1]) for edge in read.edges}


def test_files_of_neo4j_refer_to_one_another(graph: Graph, tmp_path: Path) -> None:
    paths = FORMS["neo4j"](graph, tmp_path)
    ids: dict[str, set[str]] = {}
    for path in paths:
        with path.open(encoding="utf-8", newline="") as lines:
            header, *rows = csv.reader(lines)
        assert all(len(row) == len(header) for row in rows)
        name = path.stem.partition("-")[2]
        if path.name.startswith("nodes-"):
            assert (header[0], header[-1]) == (f"id:ID({name})", ":LABEL")
            ids[name] = {row[0] for row in rows}
            assert len(ids[name]) == len(rows)
        else:
            source, target = (each.partition("(")[2].rstrip(")") for each in header[:2])
            assert {row[0] for row in rows} <= ids[source]
            assert {row[1] for row in rows} <= ids[target]
    assert f"--nodes={tmp_path}/nodes-Term.csv" in neo4j_command(paths)


@given(text=st.text())
def test_nothing_in_a_text_ends_its_literal(text: str) -> None:
    inside = literal(text)[1:-1]
    assert "\n" not in inside
    assert "'" not in inside.replace("\\\\", "").replace("\\'", "")


def test_the_command_writes_what_it_says(base: Path, tmp_path: Path) -> None:
    words = [str(base), "--to", str(tmp_path / "out"), "--as", "cypher", "--json"]
    answer = CliRunner().invoke(command, words)
    assert answer.exit_code == 0, answer.output
    told = json.loads(answer.stdout)
    assert (told["nodes"]["Document"], told["files"]) == (3, [f"{tmp_path}/out/graph.cypher"])
    (tmp_path / "bad.jsonl").write_text("{}\n")
    bad = CliRunner().invoke(command, [str(tmp_path / "bad.jsonl"), "--to", str(tmp_path / "x")])
    assert bad.exit_code == 1
    assert "line 1" in bad.stderr
