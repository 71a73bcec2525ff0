"""Lists of any length, read page by page as they are iterated."""

from collections.abc import Iterator
from itertools import islice
from typing import TypeVar

from pydantic import BaseModel

from datafleet.transport import Parameters, Transport
from shared_lib.contracts.base import Page

ItemT = TypeVar("ItemT", bound=BaseModel)

PAGE_SIZE = 100


def read_items(
    transport: Transport,
    path: str,
    *,
    item: type[ItemT],
    params: Parameters | None = None,
    limit: int | None = None,
) -> Iterator[ItemT]:
    """The items of a list, newest first; a page is asked for when its first item is.

    Args:
        limit: end after that many; all when None.

    Raises:
        FleetApiError: the fleet answered with a problem.
        UnreachableError: nobody answers.
    """
    size = PAGE_SIZE if limit is None else max(min(limit, PAGE_SIZE), 1)
    return islice(
        _read_all(transport, path, item=item, params={**(params or {}), "limit": size}), limit
    )


def _read_all(
    transport: Transport, path: str, *, item: type[ItemT], params: Parameters
) -> Iterator[ItemT]:
    cursor: str | None = None
    while True:
        page = transport.get(path, answers=Page[item], params={**params, "cursor": cursor})  # type: ignore[valid-type]  # a generic contract is made for the item at run time
        yield from page.items
        cursor = page.next
        if cursor is None:
            return
