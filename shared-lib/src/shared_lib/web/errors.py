"""One handler for every error: RFC 9457 problem+json that says what, where and what to do."""

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from shared_lib.contracts.errors import (
    PROBLEM_MEDIA_TYPE,
    BadRequestError,
    FleetError,
    InternalError,
    InvalidInputError,
    NotFoundError,
    PayloadTooLargeError,
    Problem,
)
from shared_lib.observability import bound

logger = logging.getLogger(__name__)

_LOOK_IN_LOG = "Something failed on our side; the log has it under this request id."


class RouteNotFoundError(NotFoundError):
    """No route has this path."""

    code = "route_not_found"
    title = "No such address"


class MethodNotAllowedError(FleetError):
    """The path exists and does not take this method."""

    status = 405
    code = "method_not_allowed"
    title = "The method is not offered here"


class MalformedJsonError(FleetError):
    """The body is not JSON."""

    status = 400
    code = "malformed_json"
    title = "The body is not valid JSON"


class UnknownFieldError(InvalidInputError):
    """A field or parameter that does not exist; refused so that a typing error is noticed."""

    code = "unknown_field"
    title = "A field is not known"


def problem_response(error: FleetError) -> JSONResponse:
    """The answer for an error."""
    ids = bound()
    problem = error.problem(request_id=ids.get("request_id"), flow_id=ids.get("flow_id"))
    return JSONResponse(
        problem.model_dump(mode="json", exclude_none=True),
        status_code=error.status,
        media_type=PROBLEM_MEDIA_TYPE,
        headers=error.headers,
    )


def configure_errors(app: FastAPI) -> None:
    """Answer every error as problem+json; `ObservedRequests` does so for unexpected ones."""
    app.add_exception_handler(FleetError, _on_fleet_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)


async def _on_fleet_error(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, FleetError):
        raise error
    if error.status >= 500:
        logger.error("a request failed", extra={"code": error.code, "detail": error.detail})
    return problem_response(error)


def unexpected_response(error: Exception) -> JSONResponse:
    """The answer for an error that nobody foresaw: it goes to the log, not to the client."""
    logger.error("an unexpected error", exc_info=error)
    return problem_response(InternalError(_LOOK_IN_LOG))


async def _on_http_exception(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    return problem_response(_translate(error, request=request))


def _translate(error: HTTPException, *, request: Request) -> FleetError:
    """An error of the framework as one of ours."""
    headers = dict(error.headers or {})
    method, path = request.method, request.url.path
    if error.status_code == 404:
        return RouteNotFoundError(f"Nothing is at {path}. /docs lists every address.")
    if error.status_code == 405:
        offered = headers.get("Allow") or headers.get("allow") or "another method"
        return MethodNotAllowedError(
            f"{method} is not offered at {path}; {offered} is.", headers=headers
        )
    if error.status_code == 413:
        return PayloadTooLargeError("The body is larger than this address takes. Send less.")
    if 400 <= error.status_code < 500:
        return BadRequestError(
            f"{error.detail}. Check the request against /docs and send it again.", headers=headers
        )
    return InternalError(_LOOK_IN_LOG)


async def _on_validation_error(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    return problem_response(describe_validation(list(error.errors())))


def describe_validation(found: list[Any]) -> FleetError:
    """The first of the validator's findings in words, all of them as members."""
    first = found[0]
    field = _place(first)
    places = [{"field": _place(each), "reason": each["msg"]} for each in found]
    if first["type"] == "json_invalid":
        at = first["loc"][-1]
        reason = first.get("ctx", {}).get("error", "it cannot be parsed")
        return MalformedJsonError(
            f"The body is not JSON from character {at} on: {reason}. Correct it and send it again.",
            character=at,
        )
    if first["type"] == "extra_forbidden":
        return UnknownFieldError(
            f"There is no field `{field}` here. Check its spelling against /docs, or leave it out.",
            field=field,
            errors=places,
        )
    if first["type"] == "missing":
        detail = f"`{field}` is missing. Add it and send the request again."
    else:
        detail = f"`{field}`: {first['msg'].rstrip('.')}. Change it and send the request again."
    return InvalidInputError(detail, field=field, errors=places)


def _place(finding: Any) -> str:
    """Where in the request: `name`, `options.delimiter`, or `body` for all of it."""
    location = finding["loc"]
    return ".".join(str(part) for part in location[1:]) or str(location[0])


PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "The request is refused and says why", "model": Problem},
    "5XX": {"description": "A failure on our side", "model": Problem},
}
