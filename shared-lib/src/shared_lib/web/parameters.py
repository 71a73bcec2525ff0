"""Query parameters that a route does not know are refused, so that a typing error is noticed."""

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel

from shared_lib.web.errors import UnknownFieldError


async def refuse_unknown_parameters(request: Request) -> None:
    """A dependency of every app.

    Raises:
        UnknownFieldError: the query string has a name that the route does not declare.
    """
    route = request.scope.get("route")
    if not isinstance(route, APIRoute) or not request.scope.get("query_string"):
        return
    # Kept with the app: a route lives as long as its app, so its id is good there and only there.
    by_route: dict[int, frozenset[str]] = request.app.state.known_parameters
    known = by_route.get(id(route))
    if known is None:
        known = by_route[id(route)] = frozenset(query_parameters(route.dependant))
    for name in request.query_params:
        if name not in known:
            offered = ", ".join(f"`{n}`" for n in sorted(known)) or "none"
            raise UnknownFieldError(
                f"There is no parameter `{name}` here; known are: {offered}.", field=name
            )


def query_parameters(dependant: Dependant) -> set[str]:
    """The names that a route and its dependencies read from the query string."""
    names: set[str] = set()
    for parameter in dependant.query_params:
        model = parameter.field_info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            names |= {field.alias or name for name, field in model.model_fields.items()}
        else:
            names.add(parameter.alias)
    return names.union(*map(query_parameters, dependant.dependencies))
