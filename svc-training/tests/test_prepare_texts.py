"""The first stage of `text_classification`: who teaches and who tests."""

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

STAGE = Path(__file__).parents[2] / "dvc" / "text_classification" / "prepare.py"


def prepare(folder: Path, *, table: pl.DataFrame, frozen: pl.DataFrame) -> list[pl.DataFrame]:
    (folder / "params.yaml").write_text("text: text\nlabel: label\n")
    for name, frame in (("table", table), ("frozen", frozen)):
        (folder / "data" / name).mkdir(parents=True)
        frame.write_parquet(folder / "data" / name / "part-00000.parquet")
    subprocess.run([sys.executable, str(STAGE)], cwd=folder, check=True, capture_output=True)
    return [pl.read_parquet(folder / "data" / f"{name}.parquet") for name in ("train", "test")]


def texts(count: int, **more: list[str]) -> pl.DataFrame:
    labels = ["joy", "fear"] * (count // 2)
    return pl.DataFrame({"text": [f"text {n}" for n in range(count)], "label": labels, **more})


def test_a_task_dataset_is_obeyed(tmp_path: Path) -> None:
    splits = (["train"] * 8 + ["validation", "test"]) * 10
    frame = texts(100, split=splits)
    train, test = prepare(tmp_path, table=frame, frozen=frame)

    named = dict(zip(frame["text"], splits, strict=True))
    assert {named[text] for text in train["text"]} == {"train"}
    assert {named[text] for text in test["text"]} == {"test"}
    assert (train.height, test.height) == (80, 10)


@pytest.mark.parametrize("split", [None, ["a", "b"] * 50])
def test_other_tables_are_split_by_content(tmp_path: Path, split: list[str] | None) -> None:
    frame = texts(100, **({"split": split} if split else {}))
    train, test = prepare(tmp_path, table=frame, frozen=frame)

    assert train.height + test.height == 100
    assert 5 < test.height < 40


def test_what_is_tested_is_never_learned_from(tmp_path: Path) -> None:
    frozen = texts(10, split=["train"] * 8 + ["test"] * 2)
    later = texts(12, split=["test"] * 2 + ["train"] * 10)
    train, test = prepare(tmp_path, table=later, frozen=frozen)

    assert test["text"].to_list() == ["text 8", "text 9"]
    assert train["text"].to_list() == [f"text {n}" for n in (2, 3, 4, 5, 6, 7, 10, 11)]
