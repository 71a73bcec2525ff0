"""Patterns as in `.gitignore`, and a tree whose counts add up."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_lib.contracts.knowledge import Selection
from svc_knowledgebase.building.selection import BadPatternError, Selector, tree, walk


@pytest.mark.parametrize(
    ("include", "exclude", "path", "selected"),
    [
        ([], [], "a/b.pdf", True),
        (["*.pdf"], [], "a/b.pdf", True),
        (["*.pdf"], [], "a/b.txt", False),
        (["/a/*.pdf"], [], "a/c/b.pdf", False),
        (["a/**/*.pdf"], [], "a/c/d/b.pdf", True),
        ([], ["drafts/"], "x/drafts/b.pdf", False),
        ([], [".*"], ".git/config", False),
        (["*.pdf"], ["old.pdf"], "old.pdf", False),
    ],
)
def test_patterns(include: list[str], exclude: list[str], path: str, selected: bool) -> None:
    selector = Selector(Selection(include=include, exclude=exclude))
    assert selector.selects(path) is selected


def test_a_pattern_that_is_none() -> None:
    with pytest.raises(BadPatternError):
        Selector(Selection(include=["!"]))


NAMES = st.text("ab", min_size=1, max_size=2)
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)


@given(sizes=st.dictionaries(PATHS, st.integers(0, 99)))
def test_the_top_of_the_tree_counts_all(sizes: dict[str, int]) -> None:
    counts = tree(sizes.items(), Selector(Selection(include=["a*"])))
    top = counts[0]
    assert (top.path, top.files, top.bytes) == ("", len(sizes), sum(sizes.values()))
    for count in counts:
        below = [path for path in sizes if path.startswith(f"{count.path}/" if count.path else "")]
        assert count.files == len(below)
        assert count.selected_files <= count.files


def test_a_walk_is_in_order_and_names_what_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "x").write_bytes(b"1")
    (tmp_path / "a").write_bytes(b"22")
    Path(f"{tmp_path}/z\udcff").write_bytes(b"")
    (tmp_path / "loop").symlink_to(tmp_path)
    found = [(each.path, each.bytes, each.link) for each in walk(tmp_path)]
    assert [path for path, _, _ in found] == ["a", "b/x", "loop", "z\\xff"]
    assert found[2][2]
