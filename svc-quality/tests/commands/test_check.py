"""`fleet check` judges a file without a server, and its exit code is the gate."""

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result
from quality_tables import sales

from shared_lib.testing.embeddings import embedding_endpoint
from svc_quality.commands.check import command


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(command, [str(word) for word in words])


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A Parquet file and, beside it, the suite that was inferred of it."""
    file = tmp_path / "good.parquet"
    pl.DataFrame(sales(2000, seed=1)).write_parquet(file)
    inferred = run(file, "--infer")
    assert inferred.exit_code == 0, inferred.output
    (tmp_path / "suite.yaml").write_text(inferred.stdout)
    return file


def test_the_exit_code_is_the_gate(good: Path, tmp_path: Path) -> None:
    drifted, report = tmp_path / "drifted.parquet", tmp_path / "report.html"
    pl.DataFrame(sales(2000, seed=2, shift=1)).write_parquet(drifted)
    wanted = ("--suite", tmp_path / "suite.yaml", "--reference", good)

    assert run(good, *wanted).exit_code == 0
    failed = run(drifted, *wanted, "--html", report)
    assert failed.exit_code == 3
    assert "failed\tdrift:amount\tamount: differs from the reference" in failed.stdout
    assert "make this version the reference" in failed.stderr
    assert report.read_text().startswith("<!doctype html>")


def test_texts_are_compared_by_the_model_that_the_settings_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {}
    for name, words in (("before", "the sink leaks"), ("now", "thank you, lovely")):
        files[name] = tmp_path / f"{name}.parquet"
        rows = [f"{words} {number}" for number in range(40)]
        pl.DataFrame({"note": rows}).write_parquet(files[name])
    asked = tmp_path / "suite.yaml"
    asked.write_text("name: notes\nchecks:\n- {check: text_drift, columns: [note]}\n")
    wanted = (files["now"], "--suite", asked, "--reference", files["before"], "--data", tmp_path)

    monkeypatch.setenv("FLEET_EMBEDDINGS__PROVIDER", "none")
    off = run(*wanted)
    assert off.exit_code == 3
    assert "FLEET_EMBEDDINGS__PROVIDER" in off.stdout
    with embedding_endpoint() as endpoint:
        for name in ("provider", "url", "model"):
            value = getattr(endpoint.settings, name)
            monkeypatch.setenv(f"FLEET_EMBEDDINGS__{name.upper()}", value)
        failed = run(*wanted)
        same = run(files["before"], *wanted[1:])
    assert failed.exit_code == 3
    assert "failed\ttext_drift:note\tnote: texts differ" in failed.stdout
    assert same.exit_code == 0, same.stdout


def test_json_is_the_whole_report(good: Path, tmp_path: Path) -> None:
    answer = run(good, "--suite", tmp_path / "suite.yaml", "--reference", good, "--json")
    report = json.loads(answer.stdout)
    assert (report["verdict"], report["rows"]) == ("passed", 2000)


def test_a_csv_file_is_converted_first(good: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.csv"
    text.write_text("id,city\n007,Ulm\n008,Ulm\n")
    inferred = run(text, "--infer")
    assert inferred.exit_code == 0, inferred.output
    assert "id: string" in inferred.stdout, "leading zeros are kept, as in the fleet"


@pytest.mark.parametrize(
    ("words", "said"), [([], "give --suite"), (["--suite", "{s}", "--infer"], "give --suite")]
)
def test_one_of_suite_and_infer_is_wanted(
    words: list[str], said: str, good: Path, tmp_path: Path
) -> None:
    answer = run(good, *(word.format(s=tmp_path / "suite.yaml") for word in words))
    assert answer.exit_code == 2
    assert said in answer.stderr


def test_a_file_that_is_no_table_says_why(good: Path, tmp_path: Path) -> None:
    broken, empty = tmp_path / "broken.parquet", tmp_path / "empty.csv"
    broken.write_bytes(b"PAR1 and then nothing")
    empty.write_bytes(b"")
    for file in (broken, empty):
        answer = run(file, "--suite", tmp_path / "suite.yaml")
        assert answer.exit_code == 1
        assert file.name in answer.stderr


def test_help_loads_no_table_engine() -> None:
    code = (
        "import sys; from svc_quality.commands.check import command; "
        "command.main(['--help'], standalone_mode=False); "
        "print([m for m in ('polars', 'scipy', 'numpy', 'jinja2', 'rich') if m in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "[]"
