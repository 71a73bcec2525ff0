"""What the `fleet` commands of several distributions share.

A command prints through its `Output`, ends with an `ExitCode`, and raises `CommandError` with what
happened and the next step. rich is imported only to draw a table or a bar on a terminal.
"""

from shared_lib.console.commands import Command, Group, current_output, pass_output
from shared_lib.console.errors import CommandError
from shared_lib.console.exit_codes import ExitCode
from shared_lib.console.lazy import EntryPointGroup, LazyCommand, LazyGroup
from shared_lib.console.output import Column, Output, Style
from shared_lib.console.progress import Progress

__all__ = [
    "Column",
    "Command",
    "CommandError",
    "EntryPointGroup",
    "ExitCode",
    "Group",
    "LazyCommand",
    "LazyGroup",
    "Output",
    "Progress",
    "Style",
    "current_output",
    "pass_output",
]
