"""Commands of several distributions, named at once and imported when called."""

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from shared_lib.console.lazy import EntryPointGroup, LazyCommand

MODULE = '''
"""A module that says when it is imported."""

import sys

import click

from shared_lib.console import Command

sys.stderr.write("imported\\n")


@click.command(cls=Command)
def build() -> None:
    """Build it from files.

    More on this.
    """
    click.echo("built")
'''
ENTRY_POINTS = """
[fleet.test.commands]
build = made_pkg.build:build
kb.build = made_pkg.build:build
broken = made_pkg.nowhere:build
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A distribution with entry points, found on the path."""
    package = tmp_path / "made_pkg"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "build.py").write_text(MODULE)
    information = tmp_path / "made_pkg-1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: made-pkg\nVersion: 1\n")
    (information / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("made_pkg", "made_pkg.build"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return tmp_path


def root() -> EntryPointGroup:
    @click.command(name="version")
    def version() -> None:
        """Print the version."""
        click.echo("1")

    return EntryPointGroup(
        name="fleet", entry_points="fleet.test.commands", commands={"version": version}
    )


def test_help_lists_all_and_imports_none(installed: Path) -> None:
    result = CliRunner().invoke(root(), ["--help"])

    assert "build    Build it from files\n" in result.stdout
    assert "kb       build\n" in result.stdout
    assert "version  Print the version.\n" in result.stdout
    assert "broken" in result.stdout
    assert "made_pkg.build" not in sys.modules


def test_a_command_is_imported_when_called(installed: Path) -> None:
    assert CliRunner().invoke(root(), ["build"]).stdout == "built\n"


def test_a_verb_joins_a_noun_that_nobody_else_has(installed: Path) -> None:
    assert CliRunner().invoke(root(), ["kb", "build"]).stdout == "built\n"
    assert "build  Build it from files" in CliRunner().invoke(root(), ["kb", "--help"]).stdout


def test_a_command_that_cannot_be_imported_fails_alone(installed: Path) -> None:
    result = CliRunner().invoke(root(), ["broken"])

    assert result.exit_code == 1
    assert "made_pkg.nowhere" in result.stderr


def test_an_unknown_name_is_compared_with_all(installed: Path) -> None:
    assert "Did you mean 'build'?" in CliRunner().invoke(root(), ["biuld"]).stderr


def test_completion_offers_names_without_importing(installed: Path) -> None:
    group = root()
    with group.make_context("fleet", [], resilient_parsing=True) as context:
        offered = {item.value: item.help for item in group.shell_complete(context, "b")}

    assert offered == {"broken": "", "build": "Build it from files"}
    assert "made_pkg.build" not in sys.modules


def test_help_without_docstring_or_source_is_empty() -> None:
    assert LazyCommand("shared_lib.console.lazy:nothing").short_help() == ""
    assert LazyCommand("no_such_package.module:nothing").short_help() == ""
    assert LazyCommand("anything:x", help="Said.").short_help() == "Said."


def test_the_console_loads_neither_rich_nor_pydantic() -> None:
    program = (
        "import sys, shared_lib.console\n"
        "sys.exit(sorted({'rich', 'pydantic', 'httpx'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], stderr=subprocess.PIPE, check=False)

    assert done.returncode == 0, done.stderr
