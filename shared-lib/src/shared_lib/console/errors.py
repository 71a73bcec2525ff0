"""Errors of commands: what is printed, and with which exit code the command ends.

`CommandError` is what a command raises when it knows what to tell. Others are translated: click's
own, `FleetError` of the domain modules, and what a group's `explain` knows.
"""

import sys
import traceback
from typing import TYPE_CHECKING

import click

from shared_lib.console.exit_codes import ExitCode
from shared_lib.console.formats import printable

if TYPE_CHECKING:
    from shared_lib.contracts.errors import FleetError


class CommandError(click.ClickException):
    """A command cannot do what it was asked.

    Args:
        message: what and where, in one or two sentences.
        hint: the next step, such as a command to type.
        exit_code: how the command ends.
        request_id: the request that failed; shown with ``--debug``.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        exit_code: ExitCode = ExitCode.FAILED,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.hint = hint
        self.exit_with = exit_code
        self.request_id = request_id


def explain_error(error: Exception) -> CommandError | None:
    """The errors that every command may meet; None for one that nobody foresaw."""
    if isinstance(error, CommandError):
        return error
    if isinstance(error, click.UsageError):
        return CommandError(
            _first_letter_small(error.format_message()),
            hint=f"{error.ctx.command_path} --help" if error.ctx else None,
            exit_code=ExitCode.USAGE,
        )
    if isinstance(error, click.ClickException):
        return CommandError(error.format_message())
    if isinstance(error, OSError) and error.filename is not None:
        return CommandError(f"{error.filename}: {error.strerror}")
    # An error of the domain can only have come when its module was loaded.
    contracts = sys.modules.get("shared_lib.contracts.errors")
    if contracts is not None and isinstance(error, contracts.FleetError):
        return _explain_fleet_error(error)
    return None


def _explain_fleet_error(error: "FleetError") -> CommandError:
    title = error.title
    return CommandError(f"{title[:1].lower()}{title[1:]}: {error.detail}")


def _first_letter_small(text: str) -> str:
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def print_error(error: CommandError, *, debug: bool, color: bool | None = None) -> None:
    """`error:` and `hint:` on standard error; the traceback of its cause with `--debug`.

    Args:
        color: False for none; None lets the terminal decide.
    """
    if debug:
        traceback.print_exception(error.__cause__ or error)
    first, *more = error.message.split("\n")
    lines = [f"{click.style('error:', fg='red', bold=True)} {printable(first)}"]
    lines += [f"  {printable(line)}" for line in more]
    if error.hint:
        lines.append(f"  {click.style('hint:', fg='cyan')} {printable(error.hint)}")
    if debug and error.request_id:
        lines.append(f"  request: {printable(error.request_id)}")
    click.echo("\n".join(lines), err=True, color=color)


def print_unforeseen(error: Exception, *, debug: bool, color: bool | None = None) -> None:
    """An error in our own code, with how to show more of it."""
    if debug:
        traceback.print_exception(error)
    told = CommandError(
        f"unexpected {type(error).__name__}: {error}",
        hint=None if debug else "this is a fault of the command; --debug shows where",
    )
    print_error(told, debug=False, color=color)
