"""Ticks become patterns that select what was ticked, whatever folders are called."""

import pathspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.pages.trees import branches, patterns_of, shown_passage

NAMES = st.text(st.characters(codec="ascii", exclude_characters="/\x00\n\r"), min_size=1).filter(
    lambda name: name.strip() == name and name not in (".", "..")
)


@given(folder=st.lists(NAMES, min_size=1, max_size=3).map("/".join))
def test_a_ticked_folder_is_read_and_no_other(folder: str) -> None:
    spec = pathspec.GitIgnoreSpec.from_lines(patterns_of([folder, f"{folder}/inside"]))
    assert spec.match_file(f"{folder}/inside/a.txt")
    assert not spec.match_file(f"{folder}x/a.txt")
    # A folder of that name elsewhere is another one; `another x` begins no ticked path.
    assert not spec.match_file(f"another {folder}/{folder}/a.txt")


@pytest.mark.parametrize(
    ("ticked", "patterns"),
    [
        ([""], []),
        (["", "a"], []),
        (["b", "a/c", "a"], ["/a/", "/b/"]),
        ([], ["/.nothing/"]),
        (["a b[1]"], ["/a\\ b\\[1\\]/"]),
    ],
)
def test_patterns(ticked: list[str], patterns: list[str]) -> None:
    assert patterns_of(ticked) == patterns


def test_folders_become_a_tree() -> None:
    counts = [("", 3, 2), ("a", 2, 2), ("a/b", 1, 1)]
    folders = [{"path": p, "files": f, "selected_files": s} for p, f, s in counts]
    top = branches(folders)
    (a,) = top.children
    assert (top.ticked, top.begun, a.ticked, a.begun) == (False, True, True, False)
    assert [child.name for child in a.children] == ["b"]


def test_found_words_are_marked_and_nothing_else_is_markup() -> None:
    assert shown_passage("<b>\u2039x&y\u203a</b>") == "&lt;b&gt;<mark>x&amp;y</mark>&lt;/b&gt;"
