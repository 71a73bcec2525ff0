"""Errors as Datafleet speaks them: RFC 9457 problem details with a code and what to do.

One exception class stands for one error. A class carries its HTTP status, its machine code and
its title; an instance carries the detail (what happened, where, and what to do about it) and the
place (`field`, `row`, `line`, `byte`, `page`) as extra members of the problem.
"""

from pydantic import BaseModel, ConfigDict

# The root lies apart, for those who must not load pydantic; everybody else finds it here.
from shared_lib.contracts.fleet_error import FailureKind as FailureKind  # noqa: PLC0414 - re-exported
from shared_lib.contracts.fleet_error import FleetError as FleetError  # noqa: PLC0414 - re-exported

PROBLEM_MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """An RFC 9457 problem; further members (field, row, byte, ...) say where it happened."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    code: str
    detail: str
    request_id: str | None = None
    flow_id: str | None = None


class InternalError(FleetError):
    """An unexpected failure; its cause is in the log under the request id."""

    failure = "infrastructure"


class BadRequestError(FleetError):
    """The request cannot be understood as it was sent."""

    status = 400
    code = "bad_request"
    title = "The request cannot be read"


class InvalidInputError(FleetError):
    """A field, a parameter or a header has a value that is not accepted."""

    status = 422
    code = "invalid_input"
    title = "A value is not accepted"


class UnauthenticatedError(FleetError):
    """No valid key, session or identity token came with the request."""

    status = 401
    code = "unauthenticated"
    title = "Sign-in needed"


class ForbiddenError(FleetError):
    """The caller is known and may not do this."""

    status = 403
    code = "forbidden"
    title = "Not allowed"


class NotFoundError(FleetError):
    """Nothing with that name or id belongs to the caller's tenant."""

    status = 404
    code = "not_found"
    title = "Not found"


class ConflictError(FleetError):
    """The request contradicts the present state."""

    status = 409
    code = "conflict"
    title = "In conflict with what is there"


class PayloadTooLargeError(FleetError):
    """A body is larger than the limit."""

    status = 413
    code = "payload_too_large"
    title = "Too large"


class TooManyRequestsError(FleetError):
    """The tenant's limit is used up for now."""

    status = 429
    code = "too_many_requests"
    title = "Too many requests"


class UnavailableError(FleetError):
    """A part that is needed does not answer; trying again later helps."""

    status = 503
    code = "unavailable"
    title = "Not available right now"
    failure = "infrastructure"


class NoSpaceError(FleetError):
    """The disk or the object store is full; nothing of the request was kept."""

    status = 507
    code = "no_space_left"
    title = "No space left"
    failure = "infrastructure"
