"""`fleet kb build` says what became of every file, and its exit code says whether any failed."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from shared_lib.testing.embeddings import DIMENSIONS, embedding_endpoint
from svc_knowledgebase.commands.build import command


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two documents, a picture and a hidden file."""
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "a.md").write_text("# A\n\nSome text about pumps.")
    (tmp_path / "in" / "deep" / "b.csv").write_text("part,mass\nbolt,12\nnut,3\n")
    (tmp_path / "in" / "p.png").write_bytes(b"\x89PNG\r\n\x1a\n\0")
    (tmp_path / "in" / ".hidden.md").write_text("hidden")
    return tmp_path / "in"


def run(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(command, [str(folder), "--to", str(folder.parent / "base"), *words])


def test_what_was_not_read_is_listed(folder: Path) -> None:
    result = run(folder)
    assert result.exit_code == 0, result.output
    assert "skipped\tp.png\tunknown_format\tThese are bytes of" in result.stdout
    assert "3 files found: 2 parsed, 1 skipped, 0 failed; 1 not selected" in result.stderr
    assert "3 read anew; 3 added" in result.stderr
    assert "0 read anew; 0 added" in run(folder).stderr


def test_a_document_that_fails_is_exit_code_1(folder: Path) -> None:
    (folder / "bad.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    result = run(folder)
    assert result.exit_code == 1
    assert "failed\tbad.pdf\tdamaged_document\tPDFium cannot open it" in result.stdout


def test_json_is_manifest_and_changes(folder: Path) -> None:
    answer = json.loads(run(folder, "--json", "--all", "--rows", "each").stdout)
    assert answer["manifest"]["counts"]["records"] == 4
    assert answer["changes"]["added"] == [".hidden.md", "a.md", "deep/b.csv", "p.png"]


def test_vectors_and_groups_beside_the_records(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with embedding_endpoint() as endpoint:
        settings = endpoint.settings
        for name in ("provider", "url", "model"):
            monkeypatch.setenv(f"FLEET_EMBEDDINGS__{name.upper()}", getattr(settings, name))
        result = run(folder, "--embed")
        assert result.exit_code == 0, result.output
        assert "2 texts embedded, 0 known" in result.stderr
        base = folder.parent / "base"
        assert np.load(base / "vectors.npy").shape == (2, DIMENSIONS)
        assert len(json.loads((base / "clusters.json").read_text())["assignment"]) == 2

        (folder / "new.md").write_text("# New\n\nSomething about fans.")
        assert "1 texts embedded, 2 known" in run(folder, "--embed").stderr
        assert np.load(base / "vectors.npy").shape == (3, DIMENSIONS)
        assert not list(base.glob(".embedding-*"))


@pytest.mark.parametrize(("words", "code"), [(["--characters", "10"], 2), (["--include", "!"], 1)])
def test_wrong_usage(folder: Path, words: list[str], code: int) -> None:
    assert run(folder, *words).exit_code == code
