"""The size check finds what is planted, and nothing else."""

import subprocess
from pathlib import Path

import check_sizes
import pytest


def body(lines: int) -> str:
    """A module with one function of exactly ``lines`` lines."""
    return "def long() -> None:\n" + "    pass\n" * (lines - 1)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    (tmp_path / "src").mkdir()
    (tmp_path / "tests").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("lines", "errors"), [(40, []), (41, [False]), (60, [False]), (61, [True])]
)
def test_functions_are_measured_to_the_line(lines: int, errors: list[bool]) -> None:
    findings = list(check_sizes.check_text(body(lines), path=Path("a.py")))

    assert [each.is_error for each in findings] == errors


@pytest.mark.parametrize(
    ("lines", "errors"), [(400, []), (401, [False]), (600, [False]), (601, [True])]
)
def test_files_are_measured_to_the_line(lines: int, errors: list[bool]) -> None:
    findings = list(check_sizes.check_text("x = 1\n" * lines, path=Path("a.py")))

    assert [each.is_error for each in findings] == errors


def test_nested_and_async_functions_and_methods_count() -> None:
    inner = "".join(
        f"        {line}\n" for line in ("async def deep() -> None:", *["    pass"] * 60)
    )
    text = f"class Thing:\n    def wide(self) -> None:\n{inner}"

    named = {each.what for each in check_sizes.check_text(text, path=Path("a.py")) if each.is_error}

    assert named == {"deep()", "wide()"}


def test_an_offender_fails_and_is_named(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / "src" / "offender.py").write_text(body(61))

    assert check_sizes.main(repository) == 1
    assert "src/offender.py:1: error: long() has 61 lines, more than 60" in capsys.readouterr().out


def test_style_sheets_and_scripts_of_pages_count(repository: Path) -> None:
    (repository / "src" / "page.css").write_text("a {}\n" * 601)

    assert check_sizes.main(repository) == 1


def test_tests_data_and_ignored_files_are_exempt(repository: Path) -> None:
    (repository / ".gitignore").write_text("ignored.py\n")
    for name in ("tests/test_a.py", "src/openapi.json", "src/ignored.py"):
        (repository / name).write_text(body(700))

    assert check_sizes.main(repository) == 0
