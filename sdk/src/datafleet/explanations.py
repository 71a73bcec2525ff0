"""Errors of the client as a command tells them: with the next step and the exit code."""

from urllib.parse import urlsplit

from datafleet.configuration import is_loopback
from datafleet.errors import (
    DatafleetError,
    FleetApiError,
    NotFoundError,
    SignInNeededError,
    UnreachableError,
    WaitTimedOutError,
)
from datafleet.pushes import PushPlanError
from shared_lib.console import CommandError, ExitCode


def explain_client_error(error: Exception) -> CommandError | None:
    """What to tell of an error of the client; None when it is none."""
    if isinstance(error, PushPlanError):
        return CommandError(str(error), exit_code=ExitCode.USAGE)
    if isinstance(error, FleetApiError):
        return _explain_answer(error)
    if isinstance(error, UnreachableError):
        return CommandError(str(error), hint=_hint_to_start(str(error)) if error.refused else None)
    if isinstance(error, WaitTimedOutError):
        return CommandError(str(error), exit_code=ExitCode.WAIT_TIMED_OUT)
    if isinstance(error, DatafleetError):
        return CommandError(str(error))
    return None


def _explain_answer(error: FleetApiError) -> CommandError:
    code, hint = ExitCode.FAILED, None
    if isinstance(error, SignInNeededError):
        code, hint = ExitCode.SIGN_IN_NEEDED, "sign in: fleet login"
    elif isinstance(error, NotFoundError):
        code = ExitCode.NOT_FOUND
    elif error.status >= 500 and error.request_id:
        hint = f"the fleet's log has it under {error.request_id}"
    return CommandError(str(error), hint=hint, exit_code=code, request_id=error.request_id)


def _hint_to_start(detail: str) -> str:
    address = detail.removeprefix("Nothing listens at ").removesuffix(".")
    if is_loopback(address):
        return "start a fleet on this machine: fleet up; use another one: fleet login --server URL"
    host = urlsplit(address).netloc
    return f"check that a fleet runs at {host}; use another one: fleet login --server URL"
