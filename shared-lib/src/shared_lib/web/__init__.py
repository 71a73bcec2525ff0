"""What every service's HTTP side shares: the app factory, errors, identity, jobs, streams."""

from shared_lib.web.app import create_service_app
from shared_lib.web.identity import CurrentCaller, requires
from shared_lib.web.once import Once
from shared_lib.web.pagination import PageQuery, page_of
from shared_lib.web.state import ServiceState, state_of

__all__ = [
    "CurrentCaller",
    "Once",
    "PageQuery",
    "ServiceState",
    "create_service_app",
    "page_of",
    "requires",
    "state_of",
]
