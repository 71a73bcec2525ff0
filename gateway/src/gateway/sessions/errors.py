"""What can be wrong with a session."""

from shared_lib.contracts.errors import UnauthenticatedError


class SessionUnknownError(UnauthenticatedError):
    """The cookie belongs to no session, or its session was ended."""

    code = "session_unknown"
    title = "The session is over"


class SessionExpiredError(UnauthenticatedError):
    """Twelve hours have passed since the sign-in."""

    code = "session_expired"
    title = "The session has expired"
