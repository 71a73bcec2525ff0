"""Keyset pages over HTTP: `limit`, `cursor`, `next`."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query

from shared_lib.contracts.base import Contract, Page
from shared_lib.db.pages import MAX_PAGE, KeysetPage

RowT = TypeVar("RowT")
ItemT = TypeVar("ItemT")


class PageParameters(Contract):
    """What a list is asked for."""

    limit: int = 50
    cursor: str | None = None


def _parameters(
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="Rows on this page.")] = 50,
    cursor: Annotated[str | None, Query(description="`next` of the page before.")] = None,
) -> PageParameters:
    return PageParameters(limit=limit, cursor=cursor)


PageQuery = Annotated[PageParameters, Depends(_parameters)]


def page_of(page: KeysetPage[RowT], view: Callable[[RowT], Any]) -> Page[Any]:
    """The rows of a page as contract models."""
    return Page(items=[view(row) for row in page.rows], next=page.next)
