"""What a `fleet` command's exit code says."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The same in every command, so that a script can decide without reading text."""

    OK = 0
    FAILED = 1
    USAGE = 2
    GATE_FAILED = 3
    SIGN_IN_NEEDED = 4
    NOT_FOUND = 5
    WAIT_TIMED_OUT = 6
    INTERRUPTED = 130
