"""Query parameters that a route does not know are refused, so that a typing error is noticed."""

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from shared_lib.web.errors import UnknownFieldError

_known: dict[int, frozenset[str]] = {}


async def refuse_unknown_parameters(request: Request) -> None:
    """A dependency of every app.

    Raises:
        UnknownFieldError: the query string has a name that the route does not declare.
    """
    route = request.scope.get("route")
    if not isinstance(route, APIRoute) or not request.scope.get("query_string"):
        return
    known = _known.get(id(route))
    if known is None:
        known = _known[id(route)] = frozenset(_parameters(route.dependant))
    for name in request.query_params:
        if name not in known:
            offered = ", ".join(f"`{n}`" for n in sorted(known)) or "none"
            raise UnknownFieldError(
                f"There is no parameter `{name}` here; known are: {offered}.", field=name
            )


def _parameters(dependant: Dependant) -> set[str]:
    names = {parameter.alias for parameter in dependant.query_params}
    return names.union(*(_parameters(inner) for inner in dependant.dependencies))
