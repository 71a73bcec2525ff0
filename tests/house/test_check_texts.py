"""The text check refuses what belongs to one machine, and lets ordinary text pass."""

from pathlib import Path

import check_texts
import pytest


def findings(text: str, *, path: str = "src/a.py") -> list[str]:
    return list(check_texts.check_text(text, path=Path(path)))


@pytest.mark.parametrize("folder", ["work", "root", "home/ada", "Users/ada", "opt/wheels"])
def test_paths_of_one_machine_are_refused(folder: str) -> None:
    path = f"/{folder}/project"

    assert findings(f'open("{path}")') == [
        f"src/a.py:1: a path of one machine: /{folder}",
    ]


@pytest.mark.parametrize(
    "text",
    ["a/work/b", "https://example.org/root", "$x/work", "homework/root.py", "./work", "/workers"],
)
def test_other_paths_pass(text: str) -> None:
    assert findings(text) == []


def test_a_loose_end_is_refused_in_code_only() -> None:
    word = "TO" + "DO"

    assert len(findings(f"x = 1  # {word}: later")) == 1
    assert findings(f"no {word} is merged", path="CONTRIBUTING.md") == []


@pytest.mark.parametrize("option", ["--index-url x", "--extra-index-url x", "--find-links /w"])
def test_a_pin_file_names_no_index(option: str) -> None:
    assert len(findings(option, path="requirements/core.txt")) == 1
    assert findings(option, path="docs/guide.md") == []


def test_an_unfinished_merge_is_refused() -> None:
    assert len(findings(f"a\n{'<' * 7} HEAD\nb\n{'=' * 7}\n{'>' * 7} other\n")) == 3


def test_a_large_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "large.bin").write_bytes(bytes(check_texts.LARGEST_FILE + 1))
    (tmp_path / "small.bin").write_bytes(b"\xff" * 100)

    assert len(list(check_texts.check_file(Path("large.bin"), root=tmp_path))) == 1
    assert list(check_texts.check_file(Path("small.bin"), root=tmp_path)) == []
