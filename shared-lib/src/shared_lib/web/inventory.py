"""What an app's routes are and what they declare: every service's tests walk over it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from shared_lib.contracts.scopes import Scope
from shared_lib.web.identity import AccessRule, NeedsNothing, Requires

_PARAMETER = re.compile(r"\{[^}]+\}")


@dataclass(frozen=True)
class RouteEntry:
    """One method of one route and what it asks of its caller; None when it declares nothing."""

    method: str
    path: str
    declaration: AccessRule | None

    @property
    def scope(self) -> Scope | None:
        """The scope of a public route."""
        return self.declaration.scope if isinstance(self.declaration, Requires) else None

    @property
    def is_open(self) -> bool:
        """Whether everybody may call it."""
        return isinstance(self.declaration, NeedsNothing)

    def example_path(self, value: str = "x") -> str:
        """The path with every parameter replaced by `value`."""
        return _PARAMETER.sub(value, self.path)


def routes_of(app: FastAPI) -> list[RouteEntry]:
    """All routes of an app, those of included routers too."""
    return sorted(_entries(app), key=lambda entry: (entry.path, entry.method))


def undeclared_routes(app: FastAPI) -> list[str]:
    """`METHOD path` of every route that declares no rule of access.

    An empty list is what a service's test asserts.
    """
    return [f"{e.method} {e.path}" for e in routes_of(app) if e.declaration is None]


def _entries(app: FastAPI) -> Iterator[RouteEntry]:
    for context in iter_route_contexts(app.routes):
        if not isinstance(context.original_route, APIRoute):
            yield RouteEntry(method="*", path=str(context.path), declaration=None)
            continue
        dependant = context.dependant
        declaration = next(_declarations(dependant), None) if dependant is not None else None
        for method in sorted(context.methods or ()):
            yield RouteEntry(method=method, path=str(context.path), declaration=declaration)


def _declarations(dependant: Dependant) -> Iterator[AccessRule]:
    for inner in dependant.dependencies:
        if isinstance(inner.call, AccessRule):
            yield inner.call
        yield from _declarations(inner)
