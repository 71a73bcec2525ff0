"""What an app carries along: the service's run-time parts and who may speak to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from starlette.requests import HTTPConnection

from shared_lib.events.inbox import EventHandler
from shared_lib.identity import TokenVerifier
from shared_lib.jobs.queue import JobQueue
from shared_lib.jobs.runtime import Runtime
from shared_lib.web.tailer import Tailer


@dataclass
class ServiceState:
    """Kept in `app.state.service`.

    Attributes:
        services: the slices' services by class, made once by the app's factory.
    """

    runtime: Runtime
    verifier: TokenVerifier
    queue: JobQueue
    job_tailer: Tailer
    handlers: Mapping[str, EventHandler]
    services: dict[type[Any], Any] = field(default_factory=dict)


def state_of(connection: HTTPConnection) -> ServiceState:
    """The state of the app that answers this request."""
    state: ServiceState = connection.app.state.service
    return state


def service_of(request: Request, kind: type[Any]) -> Any:
    """The slice service of that class."""
    return state_of(request).services[kind]
