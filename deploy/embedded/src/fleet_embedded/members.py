"""The services of the fleet and how each is built: the only place that imports all of them.

Imports stand inside the functions because the supervisor must not load the web side, and `fleet
up` itself must load neither.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared_lib.contracts.services import SERVICES, ServiceName

if TYPE_CHECKING:
    from fastapi import FastAPI

    from shared_lib.jobs.runtime import Runtime
    from shared_lib.settings import ServiceSettings


@dataclass(frozen=True)
class Member:
    """One service by the name of its package; every package has the same modules."""

    name: ServiceName
    package: str

    def settings(self, data: Path) -> "ServiceSettings":
        """Its settings for the embedded shape; the environment may say more."""
        module = import_module(f"{self.package}.settings")
        short = self.package.removeprefix("svc_").capitalize()
        kind: Callable[..., ServiceSettings] = getattr(module, f"{short}Settings")
        return kind(mode="embedded", data=data.absolute())

    def app(self, settings: "ServiceSettings") -> "FastAPI":
        """Its web side."""
        create: Callable[[Any], FastAPI] = import_module(f"{self.package}.app").create_app
        return create(settings)

    def runtime(self, settings: "ServiceSettings") -> "Runtime":
        """Its run-time parts, for the supervisor."""
        build: Callable[[Any], Runtime] = import_module(f"{self.package}.worker").runtime
        return build(settings)


MEMBERS: tuple[Member, ...] = tuple(
    Member(name=spec.name, package=spec.package) for spec in SERVICES.values()
)
