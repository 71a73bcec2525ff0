"""From Parquet parts to a task dataset: no row lost without a reason, no value changed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from shared_lib.contracts.tables import ColumnView
from shared_lib.contracts.task_datasets import TaskRecipe
from svc_parquet.task_datasets.building import Built, build
from svc_parquet.task_datasets.errors import NotAFlagError, NothingToLearnError

Build = Callable[..., tuple[pl.DataFrame, Built]]


@pytest.fixture
def built(tmp_path: Path) -> Build:
    def run(frame: pl.DataFrame, **recipe: Any) -> tuple[pl.DataFrame, Built]:
        half = frame.height // 2
        parts = [tmp_path / "part-0.parquet", tmp_path / "part-1.parquet"]
        for part, rows in zip(parts, (frame.head(half), frame.slice(half)), strict=True):
            rows.write_parquet(part)
        columns = [
            ColumnView(name=name, type=str(dtype).lower(), origin="inferred", reason="r")
            for name, dtype in frame.schema.items()
        ]
        sink = tmp_path / "out"
        sink.mkdir(exist_ok=True)
        found = build(
            parts,
            sink,
            recipe=TaskRecipe.model_validate(recipe),
            columns=columns,
            progress=lambda _done, _total: None,
        )
        written = [pl.read_parquet(sink / part.name) for part in found.written.parts]
        return pl.concat(written), found

    return run


def emotions(rows: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "id": range(rows),
            "content": [f"this is what text number {n * 7919} says" for n in range(rows)],
            "emotion": [("joy", "anger", "fear")[n % 3] for n in range(rows)],
            "author": [f"a{n % 17}" for n in range(rows)],
        }
    )


def test_text_label_split_come_first_and_all_else_is_kept(built: Build) -> None:
    source = emotions(600)
    table, found = built(source, text="content", label="emotion", near_duplicates="ignore")

    assert table.columns == ["text", "label", "split", "id", "author"]
    assert [column.name for column in found.columns] == table.columns
    assert (
        table.drop("split")
        .rename({"text": "content", "label": "emotion"})
        .equals(source.select("content", "emotion", "id", "author"))
    )
    counts = {each.split: (each.rows, each.labels) for each in found.summary.splits}
    assert counts["train"] == (480, {"anger": 160, "fear": 160, "joy": 160})
    assert counts["test"] == (60, {"anger": 20, "fear": 20, "joy": 20})
    assert found.written.profile.rows == 600


def test_rows_without_text_or_label_are_left_out_and_counted(built: Build) -> None:
    source = emotions(60).with_columns(
        content=pl.when(pl.col("id") < 2).then(pl.lit(" ")).otherwise("content"),
        emotion=pl.when(pl.col("id").is_in([1, 5])).then(None).otherwise("emotion"),
    )
    table, found = built(
        source, text="content", label="emotion", labels=["joy", "anger"], splits=HALVES
    )

    left = {each.reason: (each.rows, each.first) for each in found.summary.left_out}
    assert left["no_text"] == (2, [1, 2])
    assert left["no_label"] == (1, [6])
    assert left["other_label"][0] == 19
    assert found.summary.rows == table.height == 60 - 2 - 1 - 19
    assert found.summary.rows_in == 60


def test_flags_become_a_label(built: Build) -> None:
    source = pl.DataFrame(
        {
            "text": [f"number {n} of these" for n in range(8)],
            "joy": [1, 0, 1, 0, 1, 0, 1, 0],
            "fear": [False, True, False, True, False, True, True, None],
            "label": ["kept"] * 8,
        }
    )
    table, found = built(source, text="text", label_columns=["joy", "fear"], splits=HALVES)

    assert table["label"].to_list() == ["joy", "fear", "joy", "fear", "joy", "fear"]
    assert found.summary.renamed == {"label": "source_label"}
    assert table["source_label"].to_list() == ["kept"] * 6
    left = {each.reason: each.first for each in found.summary.left_out}
    assert left == {"several_labels": [7], "no_label": [8]}
    with pytest.raises(NotAFlagError, match="Column label"):
        built(source, text="text", label_columns=["joy", "label"])


HALVES = {"train": 0.5, "test": 0.5}


def twins(pairs: int) -> pl.DataFrame:
    """Each text a second time with another end."""
    texts = [
        f"the {n * 7919} thing that people in town {n} remember of it all" for n in range(pairs)
    ]
    return pl.DataFrame(
        {
            "text": texts + [f"{text}!! (2)" for text in texts],
            "label": ["a", "b"] * pairs,
        }
    )


def test_near_duplicates_are_kept_together(built: Build) -> None:
    table, found = built(twins(100), text="text", label="label", splits=HALVES)

    near = found.summary.near_duplicates
    assert near is not None
    assert (near.rows, near.clusters, near.rows_across) == (200, 100, 0)
    assert table["split"].head(100).to_list() == table["split"].tail(100).to_list()
    assert [each.rows for each in found.summary.splits] == [100, 100]


def test_near_duplicates_across_splits_are_reported(built: Build) -> None:
    table, found = built(
        twins(100), text="text", label="label", splits=HALVES, near_duplicates="report"
    )

    near = found.summary.near_duplicates
    assert near is not None
    torn = (table["split"].head(100) != table["split"].tail(100)).sum()
    assert near.rows_across == 2 * torn > 0
    assert len(near.examples) == 20
    for pair in near.examples:
        one, other = (table.row(row - 1, named=True) for row in pair.rows)
        assert pair.splits == (one["split"], other["split"])
        assert one["split"] != other["split"]


def test_groups_are_never_torn(built: Build) -> None:
    table, found = built(
        emotions(600), text="content", label="emotion", group="author", near_duplicates="ignore"
    )

    assert table.group_by("author").agg(pl.col("split").n_unique())["split"].max() == 1
    assert found.summary.groups == 17
    assert all(each.rows for each in found.summary.splits)


def test_the_same_recipe_gives_the_same_bytes(built: Build) -> None:
    one, again, other = (
        built(emotions(200), text="content", label="emotion", seed=seed) for seed in (7, 7, 8)
    )

    assert [p.sha256 for p in one[1].written.parts] == [p.sha256 for p in again[1].written.parts]
    assert one[0]["split"].to_list() != other[0]["split"].to_list()


def test_too_little_says_what_is_missing(built: Build) -> None:
    with pytest.raises(NothingToLearnError, match="of 1 classes"):
        built(emotions(30), text="content", label="emotion", labels=["joy"])
