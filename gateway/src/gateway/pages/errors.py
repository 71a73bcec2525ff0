"""Errors on pages: the same problem, as HTML for people; who is not signed in goes to /login."""

from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from gateway.access import signed_in
from gateway.backend import ServiceProblemError
from gateway.pages.rendering import render
from shared_lib.contracts.errors import FleetError, UnauthenticatedError
from shared_lib.observability import bound


class SignInFirstError(UnauthenticatedError):
    """A page was asked for by somebody who is not signed in."""

    code = "sign_in_first"
    title = "Sign in first"


def wants_html(request: Request) -> bool:
    """Whether a person's browser asks, and not a program."""
    return not request.url.path.startswith("/v1/") and "text/html" in request.headers.get(
        "accept", ""
    )


def configure_page_errors(app: FastAPI) -> None:
    """Answer people in HTML; programs are answered as before."""
    for kind in (FleetError, HTTPException):
        before: Any = app.exception_handlers[kind]
        app.add_exception_handler(kind, _answering_people(before))


def _answering_people(before: Any) -> Any:
    async def handle(request: Request, error: Exception) -> Response:
        if isinstance(error, SignInFirstError):
            path = quote(request.url.path, safe="/")
            return RedirectResponse(f"/login?next={path}", status_code=303)
        if not wants_html(request):
            answer: Response = await before(request, error)
            return answer
        return _page_of(request, error)

    return handle


def _page_of(request: Request, error: Exception) -> Response:
    if isinstance(error, FleetError):
        problem = error.problem(request_id=bound().get("request_id"))
        shown = problem.model_dump(mode="json")
        status = error.answered.status if isinstance(error, ServiceProblemError) else error.status
    else:
        status = error.status_code if isinstance(error, HTTPException) else 500
        shown = {
            "title": "No such page" if status == 404 else "That does not work",
            "detail": f"Nothing is at {request.url.path}.",
            "status": status,
            "code": "page_not_found",
            "request_id": bound().get("request_id"),
        }
    return render(request, "problem.html", heading=shown["title"], status=status, error=shown)


def require_sign_in(request: Request) -> None:
    """For pages that show a tenant's data.

    Raises:
        SignInFirstError: nobody is signed in; a browser is led to /login.
    """
    if signed_in(request) is None:
        raise SignInFirstError("Sign in at /login, or send a key.")
