"""What a change can break is computed from the dependencies, and errs on the side of testing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import affected
import pytest
from house import ROOT, Distribution, read_distributions
from hypothesis import given
from hypothesis import strategies as st

FOLDERS = [each.folder for each in read_distributions()]


def affected_by(*paths: str) -> tuple[list[str], bool]:
    return affected.affected(paths, read_distributions())


@st.composite
def graphs(draw: st.DrawFn) -> list[Distribution]:
    """Distributions whose dependencies form a graph without circles."""
    count = draw(st.integers(min_value=1, max_value=8))
    graph = []
    for number in range(count):
        needs = draw(st.frozensets(st.sampled_from(range(number)))) if number else frozenset()
        graph.append(
            Distribution(
                name=f"datafleet-d{number}",
                folder=f"d{number}",
                package=f"d{number}",
                needs=frozenset(f"datafleet-d{each}" for each in needs),
                is_service=False,
            )
        )
    return graph


def test_shared_lib_affects_every_distribution() -> None:
    assert affected_by("shared-lib/src/shared_lib/contracts/ids.py") == (FOLDERS, True)


@pytest.mark.parametrize("folder", ["gateway", "svc-ingest", "svc-training", "sdk"])
def test_a_service_affects_itself_and_the_embedded_fleet(folder: str) -> None:
    assert affected_by(f"{folder}/src/x/app.py") == (sorted([folder, "deploy/embedded"]), True)


@pytest.mark.parametrize(
    "path",
    [
        "pyproject.toml",
        "Makefile",
        "requirements/core.txt",
        ".github/workflows/ci.yml",
        "new/thing",
    ],
)
def test_the_root_and_the_unknown_affect_all(path: str) -> None:
    assert affected_by(path) == (FOLDERS, True)


@pytest.mark.parametrize(
    "path",
    ["docs/decisions/0001-record-decisions.md", "README.md", "gateway/README.md", "docs/a.svg"],
)
def test_pages_affect_nothing(path: str) -> None:
    assert affected_by(path) == ([], False)


def test_a_page_inside_a_package_or_a_test_is_data() -> None:
    assert affected_by("sdk/tests/data/README.md")[0] == ["deploy/embedded", "sdk"]


@pytest.mark.parametrize("path", ["tests/test_walk.py", "deploy/docker/Dockerfile"])
def test_end_to_end_tests_affect_themselves(path: str) -> None:
    assert affected_by(path) == ([], True)


@given(graph=graphs(), data=st.data())
def test_a_dependent_of_what_is_affected_is_affected(
    graph: list[Distribution], data: st.DataObject
) -> None:
    changed = data.draw(st.sets(st.sampled_from([each.name for each in graph])))

    found = affected.dependents(changed, graph)

    assert changed <= found
    for each in graph:
        reaches = each.name in changed or bool(each.needs & found)
        assert (each.name in found) == reaches


@given(graph=graphs(), data=st.data())
def test_more_changes_never_affect_less(graph: list[Distribution], data: st.DataObject) -> None:
    names = [each.name for each in graph]
    few = data.draw(st.sets(st.sampled_from(names)))
    more = few | data.draw(st.sets(st.sampled_from(names)))

    assert affected.dependents(few, graph) <= affected.dependents(more, graph)


def test_a_change_is_read_from_where_the_branch_left_its_base(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        identity = {
            "GIT_AUTHOR_NAME": "a",
            "GIT_AUTHOR_EMAIL": "a@b",
            "GIT_CONFIG_GLOBAL": os.devnull,
        }
        identity |= {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
        subprocess.run(
            ["git", "-C", str(tmp_path), *arguments], check=True, env=os.environ | identity
        )

    def commit(name: str) -> None:
        (tmp_path / name).write_text("x")
        git("add", ".")
        git("commit", "--quiet", "--message", name)

    git("init", "--quiet", "--initial-branch", "main")
    commit("before")
    git("checkout", "--quiet", "-b", "work")
    commit("of the branch")
    git("mv", "before", "after")
    git("commit", "--quiet", "--message", "move")
    git("checkout", "--quiet", "main")
    commit("of the base")
    git("checkout", "--quiet", "work")

    changed = affected.changed_paths("main", root=tmp_path)

    assert changed == ["after", "before", "of the branch"]


def test_the_command_prints_a_matrix() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "affected.py"), "--all"]
    answer = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)

    assert answer["distributions"] == FOLDERS
    assert set(answer["isolated"]) == set(FOLDERS) - {"shared-lib", "deploy/embedded"}
    assert answer["end_to_end"] is True
