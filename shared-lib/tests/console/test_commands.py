"""Commands: their common options, their errors, their exit codes."""

import json

import click
import pytest
from click.testing import CliRunner

from shared_lib.console import Column, Command, CommandError, ExitCode, Group, Output, pass_output
from shared_lib.contracts.errors import NotFoundError

ROWS: list[dict[str, object]] = [
    {"name": "orders", "size": {"rows": 3}, "note": None},
    {"name": "a\tb", "size": {"rows": 0}, "note": "x"},
]
COLUMNS: list[Column[dict[str, object]]] = [
    Column("name", lambda row: row["name"]),
    Column("note", lambda row: row["note"]),
]


@click.group(cls=Group)
def fleet() -> None:
    """The root."""


@fleet.command("list", fields=("name", "size", "note"))
@pass_output
def list_rows(output: Output) -> None:
    """List the rows."""
    output.say("two rows")
    output.detail("in detail")
    output.table(ROWS, columns=COLUMNS)


@fleet.command("show", fields=("name", "size", "note"))
@click.argument("name")
@pass_output
def show(output: Output, *, name: str) -> ExitCode:
    """Show one row."""
    output.record({"name": name, "size": {"rows": 1}, "note": None})
    return ExitCode.GATE_FAILED


@fleet.command("fail")
@click.argument("how")
def fail(*, how: str) -> None:
    """Fail."""
    errors: dict[str, BaseException] = {
        "known": CommandError("it is gone", hint="look", exit_code=ExitCode.NOT_FOUND),
        "domain": NotFoundError("There is no table x."),
        "file": FileNotFoundError(2, "No such file or directory", "a\x1b.csv"),
        "bug": ZeroDivisionError("division by zero"),
        "interrupt": KeyboardInterrupt(),
    }
    raise errors[how]


@pytest.fixture
def runner() -> CliRunner:
    return CliRunner()


def test_piped_rows_are_tab_separated_and_talk_goes_to_stderr(runner: CliRunner) -> None:
    result = runner.invoke(fleet, ["list"])

    assert result.stdout == "name\tnote\norders\t\na\\tb\tx\n"
    assert result.stderr == "two rows\n"
    assert result.exit_code == 0


def test_quiet_and_verbose(runner: CliRunner) -> None:
    assert runner.invoke(fleet, ["list", "-q"]).stderr == ""
    assert runner.invoke(fleet, ["list", "-v"]).stderr == "two rows\nin detail\n"


@pytest.mark.parametrize(
    ("words", "records"),
    [
        (["list", "--json"], ROWS),
        (["list", "--json", "name"], [{"name": "orders"}, {"name": "a\tb"}]),
        (["list", "--json=size.rows"], [{"size.rows": 3}, {"size.rows": 0}]),
        (["list", "--json", "note.x"], [{"note.x": None}]),
        (["show", "--json", "orders"], [{"name": "orders", "size": {"rows": 1}, "note": None}]),
        (["show", "--json", "name,size", "o"], [{"name": "o", "size": {"rows": 1}}]),
        (["show", "name", "--json", "name"], [{"name": "name"}]),
        (
            ["show", "--json", "--", "--json"],
            [{"name": "--json", "size": {"rows": 1}, "note": None}],
        ),
    ],
)
def test_json_takes_fields_when_they_read_as_such(
    runner: CliRunner, words: list[str], records: list[object]
) -> None:
    result = runner.invoke(fleet, words)

    printed = [json.loads(line) for line in result.stdout.splitlines()]
    assert printed[: len(records)] == records


def test_an_unknown_field_is_named_with_the_closest(runner: CliRunner) -> None:
    result = runner.invoke(fleet, ["list", "--json", "nmae"])

    assert result.exit_code == ExitCode.USAGE
    assert "error: there is no field 'nmae'. Did you mean 'name'?" in result.stderr
    assert "hint: fields: name, note, size" in result.stderr


def test_a_command_may_end_with_a_code(runner: CliRunner) -> None:
    assert runner.invoke(fleet, ["show", "x"]).exit_code == ExitCode.GATE_FAILED


@pytest.mark.parametrize(
    ("how", "code", "said"),
    [
        ("known", 5, "error: it is gone\n  hint: look\n"),
        ("domain", 1, "error: not found: There is no table x.\n"),
        ("file", 1, "error: a\\x1b.csv: No such file or directory\n"),
        ("interrupt", 130, "interrupted\n"),
    ],
)
def test_errors_say_what_and_end_with_their_code(
    runner: CliRunner, how: str, code: int, said: str
) -> None:
    result = runner.invoke(fleet, ["fail", how])

    assert result.exit_code == code
    assert result.stderr.lstrip("\n") == said
    assert result.stdout == ""


def test_a_fault_of_ours_shows_its_place_only_when_asked(runner: CliRunner) -> None:
    short = runner.invoke(fleet, ["fail", "bug"])
    long = runner.invoke(fleet, ["fail", "bug", "--debug"])

    assert short.exit_code == long.exit_code == 1
    assert "unexpected ZeroDivisionError: division by zero" in short.stderr
    assert "Traceback" not in short.stderr
    assert "Traceback" in long.stderr


def test_debug_shows_the_traceback_of_a_known_error(runner: CliRunner) -> None:
    assert "Traceback" in runner.invoke(fleet, ["fail", "known", "--debug"]).stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["shwo"], "error: no command 'shwo'. Did you mean 'show'?\n  hint: fleet --help\n"),
        (["xyz"], "error: no command 'xyz'.\n  hint: fleet --help\n"),
        (["show"], "error: missing argument 'NAME'.\n  hint: fleet show --help\n"),
    ],
)
def test_a_wrong_command_line_is_a_usage_error(
    runner: CliRunner, words: list[str], said: str
) -> None:
    result = runner.invoke(fleet, words, prog_name="fleet")

    assert result.exit_code == ExitCode.USAGE
    assert result.stderr == said


def test_a_misspelt_option_is_recognised(runner: CliRunner) -> None:
    assert "--quiet" in runner.invoke(fleet, ["list", "--quite"]).stderr


def test_colours_are_off_on_request(runner: CliRunner) -> None:
    colored = runner.invoke(fleet, ["fail", "known"], color=True)
    plain = runner.invoke(fleet, ["fail", "known", "--no-color"], color=True)
    unset = runner.invoke(fleet, ["fail", "known"], color=True, env={"NO_COLOR": "1"})

    assert "\x1b[" in colored.stderr
    assert "\x1b[" not in plain.stderr + unset.stderr


def test_a_command_alone_reports_errors_too(runner: CliRunner) -> None:
    @click.command(cls=Command)
    def alone() -> None:
        raise CommandError("no", exit_code=ExitCode.WAIT_TIMED_OUT)

    assert runner.invoke(alone, []).exit_code == ExitCode.WAIT_TIMED_OUT
