"""Ids that every log line of a request, a job or a delivery carries by itself."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

_bound: ContextVar[Mapping[str, str]] = ContextVar(
    "fleet_log_context",
    default=MappingProxyType({}),
)


def bound() -> Mapping[str, str]:
    """The ids bound right now, such as `request_id`, `flow_id`, `job_id`."""
    return _bound.get()


@contextmanager
def bind(**ids: str | None) -> Iterator[None]:
    """Add ids to every log line written inside the block; None values are left out."""
    token = _bound.set({**_bound.get(), **{k: v for k, v in ids.items() if v is not None}})
    try:
        yield
    finally:
        _bound.reset(token)
