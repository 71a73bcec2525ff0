"""The command as it is installed: quick, complete, and good company on a terminal."""

import os
import pty
import re
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
import pytest
from running_fleet import Fleet, fleet_script

from datafleet.cli import COMMANDS, main

SLOW_LIBRARIES = ("httpx", "rich", "pydantic", "polars", "pyarrow", "fastapi", "sqlalchemy")
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def _walk(command: click.Command, context: click.Context) -> Iterator[click.Context]:
    yield context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            yield from _walk(child, click.Context(child, info_name=name, parent=context))


def every_command() -> list[click.Context]:
    """The contexts of our own commands, the root first."""
    root = click.Context(main, info_name="fleet")
    found = [root]
    for name, lazy in COMMANDS.items():
        command = lazy.load()
        found += _walk(command, click.Context(command, info_name=name, parent=root))
    return found


@pytest.mark.parametrize(
    "words",
    [["--help"], ["shw"], ["version"], ["completion", "bash"], ["login", "--help"]],
    ids=" ".join,
)
def test_the_command_imports_nothing_slow_for_words_alone(words: list[str]) -> None:
    allowed = {"pydantic"} if words[0] == "login" else set()
    program = (
        "import atexit, os, sys\n"
        f"sys.argv = ['fleet', *{words!r}]\n"
        f"slow = set({SLOW_LIBRARIES!r}) - {allowed!r}\n"
        "atexit.register(lambda: print('loaded:', sorted(slow & set(sys.modules))))\n"
        "from datafleet.cli import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[-1] == "loaded: []", done.stdout + done.stderr


def test_the_lines_of_help_are_those_of_the_commands() -> None:
    for name, lazy in COMMANDS.items():
        help_text = lazy.load().help or ""
        assert lazy.help == help_text.partition("\n")[0].rstrip("."), name


def test_every_command_says_what_it_does_and_takes_the_common_options() -> None:
    for context in every_command():
        assert context.command.get_short_help_str(), context.command_path
        if not isinstance(context.command, click.Group):
            options = {name for param in context.command.params for name in param.opts}
            assert {"--json", "--quiet", "--verbose", "--no-color", "--debug"} <= options


def test_no_option_is_without_help() -> None:
    for context in every_command():
        for param in context.command.params:
            if isinstance(param, click.Option):
                assert param.help, f"{context.command_path} {param.name}"


def test_commands_of_other_distributions_are_listed() -> None:
    done = subprocess.run([fleet_script(), "--help"], capture_output=True, text=True, check=True)

    for name in ("push", "up", "convert"):
        assert re.search(rf"^  {name} +\S", done.stdout, re.MULTILINE), name


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("fleet da", {"dataset"}),
        ("fleet u", {"up"}),
        ("fleet table pr", {"preview", "profile"}),
        ("fleet flow list --sta", {"--state"}),
        ("fleet flow list --state s", {"succeeded"}),
        ("fleet dataset list --json name,ver", {"name,versions"}),
    ],
)
def test_bash_completes(line: str, offered: set[str]) -> None:
    bash = shutil.which("bash")
    if bash is None:
        raise RuntimeError("bash is needed to test its completion (Debian: apt install bash)")
    script = (
        'eval "$(fleet completion bash)"\n'
        f"COMP_WORDS=({line})\n"
        "COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n"
        '_fleet_completion fleet && printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [bash, "--norc", "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PATH": path},
    )
    assert set(done.stdout.split()) == offered, done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_has_a_script(shell: str) -> None:
    command = [fleet_script(), "completion", shell]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert "_FLEET_COMPLETE" in done.stdout


@contextmanager
def terminal(words: Sequence[str], *, env: dict[str, str]) -> Iterator[tuple[int, int]]:
    """`fleet WORDS…` on a terminal of its own: its process and the terminal's other end."""
    pid, screen = pty.fork()
    if pid == 0:
        os.execve(  # noqa: S606 - a child of a test
            fleet_script(),
            ["fleet", *words],
            os.environ | {"TERM": "xterm", "COLUMNS": "100"} | env,
        )
    try:
        yield pid, screen
    finally:
        os.close(screen)


def read_screen(screen: int, *, until: str | None = None) -> str:
    """What is shown until that text appears, or until the program ends."""
    shown = ""
    while until is None or until not in shown:
        ready, _, _ = select.select([screen], [], [], 60)
        try:
            piece = os.read(screen, 65536) if ready else b""
        except OSError:
            # Linux reports a terminal whose program has ended as an error.
            piece = b""
        if not piece:
            return shown
        shown += piece.decode("utf-8", "replace")
    return shown


def test_on_a_terminal_a_push_shows_its_progress_and_tables_are_drawn(
    fleet: Fleet, tmp_path: Path
) -> None:
    path = tmp_path / "terminal.csv"
    path.write_text("a,b\n" + "1,[red]\x1b[31m\n" * 2000)
    env = {"FLEET_SERVER": fleet.address, "FLEET_KEY": fleet.key}
    with terminal(["push", str(path)], env=env) as (pid, screen):
        pushed = read_screen(screen)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    with terminal(["table", "preview", "terminal", "--rows", "2"], env=env) as (pid, screen):
        preview = read_screen(screen)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0

    assert "converting terminal v1" in ANSI.sub("", pushed)
    assert "✓ terminal v1  terminal.csv  2,000 rows × 2 columns" in ANSI.sub("", pushed)
    assert "\x1b[31m" not in preview
    assert "[red]\\x1b[31m" in preview
    assert "2 of 2,000 rows" in preview


def test_on_a_terminal_the_key_is_asked_for_and_not_shown(fleet: Fleet, tmp_path: Path) -> None:
    env = {"XDG_CONFIG_HOME": str(tmp_path), "NO_COLOR": "1"}
    with terminal(["login", "--server", fleet.address], env=env) as (pid, screen):
        asked = read_screen(screen, until=": ")
        os.write(screen, f"{fleet.key}\n".encode())
        rest = read_screen(screen)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0

    assert asked.startswith(f"Key for {fleet.address}:")
    assert fleet.key not in asked + rest
    assert "✓ signed in" in rest
    assert "\x1b[" not in asked + rest


def test_interrupting_says_how_to_go_on(fleet: Fleet, tmp_path: Path) -> None:
    path = tmp_path / "interrupted.csv"
    path.write_text("a,b\n" + "1,2\n" * 400_000)
    env = {"FLEET_SERVER": fleet.address, "FLEET_KEY": fleet.key}
    with terminal(["push", str(path), "-v"], env=env) as (pid, screen):
        read_screen(screen, until="converting")
        os.write(screen, b"\x03")
        rest = read_screen(screen)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    assert code == 130
    assert "it goes on without you: fleet flow watch fl_" in ANSI.sub("", rest)
