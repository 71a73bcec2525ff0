"""The graph keeps the tree, and every form of it says the same."""

import csv
import json
from collections import Counter
from pathlib import Path

import ladybug
import networkx
import polars as pl
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from made_graph import ask, counted

from svc_knowledgebase.commands.graph import command
from svc_knowledgebase.graph.cypher import literal, statements, written
from svc_knowledgebase.graph.database import schema
from svc_knowledgebase.graph.exports import FORMS, neo4j_command
from svc_knowledgebase.graph.model import EDGES, NODES, Graph


def test_the_graph_is_the_tree(graph: Graph) -> None:
    found = graph.counts()
    assert {name: found[name] for name in ("KnowledgeBase", "Folder", "Document", "Record")} == {
        "KnowledgeBase": 1, "Folder": 3, "Document": 3, "Record": 4,
    }  # fmt: skip
    assert [found[name] for name in ("HAS_FOLDER", "HAS_SUBFOLDER", "HAS_DOCUMENT")] == [1, 2, 3]
    assert [found[name] for name in ("HAS_RECORD", "NEXT", "REPEATS")] == [4, 1, 1]
    assert {edge.target for edge in graph.edges("MENTIONS")} == {"pump"}, "valve is in all of them"
    assert [node.properties for node in graph.nodes("Cluster")] == [
        {"name": "pumps", "terms": "pump, valve", "records": 3}
    ]
    assert (found["IN_CLUSTER"], found["Category"], found["IN_CATEGORY"]) == (3, 2, 2)


def test_cypher_runs_in_an_engine_and_may_be_run_again(graph: Graph) -> None:
    connection = ladybug.Connection(ladybug.Database(":memory:"))
    for table in schema():
        connection.execute(table)
    for _ in range(2):
        for statement in statements(graph):
            connection.execute(written(statement))

    assert counted(connection, graph) == graph.counts()
    found = ask(
        connection,
        "MATCH (f:Folder {path: 'a/b'})-[:HAS_DOCUMENT]->(d:Document)-[:HAS_RECORD]->(r:Record) "
        "RETURN d.path, r.text ORDER BY r.position",
    )
    assert found[0] == ["a/b/one.md", "Pump\n\nValve's \u201cwheel\u201d \\ of the pump."]


def test_graphml_and_json_are_read_by_others(graph: Graph, tmp_path: Path) -> None:
    (path,) = FORMS["graphml"](graph, tmp_path)
    read = networkx.read_graphml(path)
    expected = graph.counts()
    labels = Counter(label for _, label in read.nodes(data="label"))
    assert labels == {kind.label: expected[kind.label] for kind in NODES}
    assert read.number_of_edges() == sum(expected[kind.type] for kind in EDGES)
    (path,) = FORMS["json"](graph, tmp_path)
    node_link = networkx.node_link_graph(json.loads(path.read_text("utf-8")), edges="edges")
    assert set(node_link.nodes) == set(read.nodes)
    assert {(a, b) for a, b, _ in node_link.edges} == {(edge[0], edge[1]) for edge in read.edges}


def test_files_of_neo4j_refer_to_one_another(graph: Graph, tmp_path: Path) -> None:
    paths = FORMS["neo4j-csv"](graph, tmp_path)
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


def test_parquet_says_what_csv_says(graph: Graph, tmp_path: Path) -> None:
    """Names of columns, types, rows; and the command says which of both it is."""
    types = {"string": pl.String, "long": pl.Int64, "double": pl.Float64}
    csvs, parquets = (FORMS[form](graph, tmp_path) for form in ("neo4j-csv", "neo4j-parquet"))
    assert [path.stem for path in parquets] == [path.stem for path in csvs]
    for path, beside in zip(parquets, csvs, strict=True):
        frame = pl.read_parquet(path)
        with beside.open(encoding="utf-8", newline="") as lines:
            header, *rows = csv.reader(lines)
        assert frame.columns == header
        assert [["" if v is None else str(v) for v in row] for row in frame.rows()] == rows
        for name, dtype in frame.schema.items():
            assert dtype == types.get(name.partition(":")[2], pl.String), name
    told = neo4j_command(parquets)
    assert "--input-type=parquet" in told
    assert f"--relationships={tmp_path}/edges-IN_CATEGORY.parquet" in told


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
    assert "Line 1" in bad.stderr
