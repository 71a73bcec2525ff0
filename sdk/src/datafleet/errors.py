"""What can go wrong when talking to a fleet.

    DatafleetError
    ├── ConfigurationError           the server's address or the kept settings cannot be used
    ├── UnreachableError             nobody answers, or the connection broke too often
    ├── TransferDamagedError         bytes arrived other than they were sent
    ├── WaitTimedOutError            what was waited for goes on
    └── FleetApiError                the fleet answered with a problem (RFC 9457)
        ├── InvalidRequestError      400, 405, 406, 408, 411, 413-416, 422, 431: not as it was sent
        ├── SignInNeededError        401: no key, or one that is not good any more
        ├── NotAllowedError          403: the key's role does not carry the right
        ├── NotFoundError            404, 410
        ├── ConflictError            409, 412: contradicts the present state
        ├── TooManyRequestsError     429: after several tries
        └── FleetFailedError         5xx: the fault is the fleet's

Every `FleetApiError` has the `problem` with its `code` (docs/reference/errors.md lists them), its
`detail`, the place (`field`, `row`, ...) and the `request_id` that the fleet's log knows.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared_lib.contracts.errors import Problem


class DatafleetError(Exception):
    """The root of all errors of this package."""


class ConfigurationError(DatafleetError):
    """The server's address or the kept settings cannot be used."""


class UnreachableError(DatafleetError):
    """Nobody answers at the server's address, or the connection broke too often.

    Attributes:
        refused: whether the machine is there and nothing listens at the port.
    """

    def __init__(self, detail: str, *, refused: bool = False) -> None:
        super().__init__(detail)
        self.refused = refused


class TransferDamagedError(DatafleetError):
    """Bytes arrived other than they were sent; what was received is not kept."""


class WaitTimedOutError(DatafleetError):
    """What was waited for goes on; nothing is wrong with it."""


class FleetApiError(DatafleetError):
    """The fleet answered with a problem.

    Attributes:
        problem: what the fleet said.
        retry_after_s: seconds after which it asked to be tried again, when it said so.
    """

    def __init__(self, problem: "Problem", *, retry_after_s: float | None = None) -> None:
        super().__init__(problem.detail or problem.title)
        self.problem = problem
        self.retry_after_s = retry_after_s

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.problem.status

    @property
    def code(self) -> str:
        """The machine-readable code."""
        return self.problem.code

    @property
    def request_id(self) -> str | None:
        """The id under which the fleet's log knows the request."""
        return self.problem.request_id


class InvalidRequestError(FleetApiError):
    """A value, a field, a file or its size is not accepted."""


class SignInNeededError(FleetApiError):
    """No key was sent, or it is not good any more."""


class NotAllowedError(FleetApiError):
    """The key is good and its role does not carry the right."""


class NotFoundError(FleetApiError):
    """Nothing with that name or id belongs to you."""


class ConflictError(FleetApiError):
    """The request contradicts the present state."""


class TooManyRequestsError(FleetApiError):
    """The tenant's limit is used up, and stayed so over several tries."""


class FleetFailedError(FleetApiError):
    """The fault is the fleet's."""


_BY_STATUS: dict[int, type[FleetApiError]] = {
    401: SignInNeededError,
    403: NotAllowedError,
    404: NotFoundError,
    409: ConflictError,
    410: NotFoundError,
    412: ConflictError,
    429: TooManyRequestsError,
}


def error_class(status: int) -> type[FleetApiError]:
    """The class for an HTTP status."""
    return _BY_STATUS.get(status, FleetFailedError if status >= 500 else InvalidRequestError)
