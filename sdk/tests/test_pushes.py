"""Which files a push sends, as which datasets, under which names."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from datafleet.pushes import LocalFile, Push, PushPlanError, dataset_name, plan_push
from shared_lib.contracts.catalog import DatasetName


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("in/a.csv", "in/b.csv.gz", "in/sub/a.csv", "in/.hidden", "in/.git/x", "c.csv"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(push: Push) -> list[str]:
    return [file.name for file in push.files]


def test_each_file_is_a_dataset_of_its_own(folder: Path) -> None:
    first, second = plan_push(["in/b.csv.gz", "c.csv"])

    assert (first.dataset, names(first)) == ("b", ["b.csv.gz"])
    assert second == Push("c", (LocalFile(Path("c.csv"), "c.csv"),))


def test_a_folder_keeps_its_tree_and_its_hidden_files_stay(folder: Path) -> None:
    (push,) = plan_push(["in"])

    assert (push.dataset, names(push)) == ("in", ["a.csv", "b.csv.gz", "sub/a.csv"])


def test_a_folder_may_be_this_one(folder: Path) -> None:
    (push,) = plan_push(["."])

    assert push.dataset == dataset_name(folder)
    assert names(push) == ["c.csv", "in/a.csv", "in/b.csv.gz", "in/sub/a.csv"]


def test_with_a_dataset_everything_is_one_version(folder: Path) -> None:
    (push,) = plan_push(["c.csv", "in/a.csv"], dataset="all")

    assert (push.dataset, names(push)) == ("all", ["c.csv", "a.csv"])


def test_equal_names_are_told_apart_by_their_folders(folder: Path) -> None:
    (push,) = plan_push(["in/a.csv", "in/sub/a.csv", "./in/a.csv"], dataset="all")

    assert names(push) == ["a.csv", "sub/a.csv"]


def test_a_pattern_that_no_shell_expanded_is_expanded(folder: Path) -> None:
    (push,) = plan_push([str(folder / "in" / "*.csv*")], dataset="all")
    assert names(push) == ["a.csv", "b.csv.gz"]
    (push,) = plan_push(["in/**/a.csv"], dataset="all")
    assert names(push) == ["a.csv", "sub/a.csv"]


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        ([], "nothing to send"),
        (["in/a.csv", "in/sub/a.csv"], "would become dataset 'a'"),
        (["empty"], "has no files"),
    ],
)
def test_what_is_not_clear_is_refused(folder: Path, sources: list[str], said: str) -> None:
    with pytest.raises(PushPlanError, match=said):
        plan_push(sources)


@pytest.mark.parametrize("source", ["none.csv", "none/*.csv"])
def test_a_file_that_is_not_there_is_named(folder: Path, source: str) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        plan_push([source])
    assert caught.value.filename == source


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("sales.csv", "sales"),
        ("Sales 2024.CSV.gz", "Sales-2024"),
        ("a.b.csv", "a.b"),
        ("Ümsätze.csv", "ms-tze"),
        ("data.parquet", "data.parquet"),
        (".csv", "csv"),
    ],
)
def test_datasets_are_called_after_files(path: str, name: str) -> None:
    assert dataset_name(Path(path)) == name


def test_a_name_of_which_nothing_can_be_used_asks_for_one() -> None:
    with pytest.raises(PushPlanError, match="--dataset"):
        dataset_name(Path("數據.csv"))


@given(st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1))
def test_every_name_that_is_made_is_one(text: str) -> None:
    try:
        name = dataset_name(Path("folder") / text)
    except PushPlanError:
        return
    assert TypeAdapter(DatasetName).validate_python(name) == name
