"""`fleet task-dataset`: from a pushed file to a folder that a pipeline reads."""

import hashlib
import json
from pathlib import Path

import polars as pl
import pytest
from running_fleet import Fleet

from shared_lib.console import ExitCode


@pytest.fixture(scope="module")
def feelings(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("feelings") / "feelings.csv"
    rows = [f"{n},what was number {n * 7919} like,{('joy', 'fear')[n % 2]}\n" for n in range(100)]
    path.write_text("id,said,felt\n" + "".join(rows) + "100,nobody knows,\n")
    assert fleet.run("push", str(path)).exit_code == 0
    return "feelings"


def test_a_table_becomes_a_folder_for_a_pipeline(
    fleet: Fleet, feelings: str, tmp_path: Path
) -> None:
    made = fleet.run(
        "task-dataset", "create", "felt", "--table", feelings, "--text", "said", "--label", "felt",
        "--split", "train=0.8", "--split", "test=0.2",
    )  # fmt: skip
    assert made.exit_code == 0, made.stderr
    assert [line.split("\t") for line in made.stdout.splitlines()] == [
        ["split", "rows", "share", "fear", "joy"],
        ["train", "80", "80 %", "40", "40"],
        ["test", "20", "20 %", "10", "10"],
    ]
    assert "1 rows left out: no label" in made.stderr

    folder = tmp_path / "data" / "table"
    words = ["task-dataset", "export", "felt", "--to", str(folder), "--json"]
    record = json.loads(fleet.run(*words).stdout)
    content = (folder / "part-00000.parquet").read_bytes()
    assert hashlib.sha256(content).hexdigest() == record["sha256"]
    frame = pl.read_parquet(folder)
    assert frame.columns == ["text", "label", "split", "id"]
    described = json.loads(folder.with_name("table.json").read_text())
    assert (described["name"], described["summary"]["rows"]) == ("felt", 100)
    assert "holds an export already" in fleet.run(*words).stderr
    (folder / "part-00001.parquet").write_bytes(b"left by a longer one")
    assert fleet.run(*words, "--force").exit_code == 0
    assert [path.name for path in sorted(folder.glob("part-*"))] == ["part-00000.parquet"]

    shown = json.loads(fleet.run("dataset", "show", "felt", "--json").stdout)["latest_version"]
    assert (shown["made_from"]["table_name"], shown["files"]) == ("feelings", [])
    listed = fleet.run("task-dataset", "list", "--json", "name,state")
    assert json.loads(listed.stdout.splitlines()[0]) == {"name": "felt", "state": "succeeded"}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--label", "felt", "--split", "train"], ExitCode.USAGE, "is not NAME=SHARE"),
        (["--label", "felt", "--split", "train=0.5", "--split", "test=0.4"], ExitCode.USAGE, "1"),
        ([], ExitCode.USAGE, "give either `label` or `label_columns`"),
        (["--label", "none"], ExitCode.FAILED, "does not have"),
        (["--label", "felt", "--keep", "joy"], ExitCode.FAILED, "of 1 classes"),
    ],
)
def test_a_wrong_recipe_is_told(
    fleet: Fleet, feelings: str, words: list[str], code: int, said: str
) -> None:
    result = fleet.run(
        "task-dataset", "create", "wrong", "--table", feelings, "--text", "said", *words
    )

    assert result.exit_code == code, result.stderr
    assert said in result.stderr


def test_the_gate_judges_a_task_dataset_like_any_version(fleet: Fleet, feelings: str) -> None:
    words = ["task-dataset", "create", "gated", "-t", feelings, "--text", "said", "--label", "felt"]
    assert fleet.run(*words).exit_code == 0
    assert fleet.run("suite", "infer", "--dataset", "gated").exit_code == 0
    again = json.loads(fleet.run(*words, "--seed", "1", "--json").stdout)

    assert fleet.run("flow", "watch", again["flow_id"]).exit_code == 0
    flow = json.loads(fleet.run("flow", "show", again["flow_id"], "--json").stdout)
    assert [step["name"] for step in flow["steps"]] == ["built", "published", "judged"]
    assert (flow["dataset_name"], flow["version_number"]) == ("gated", 2)
