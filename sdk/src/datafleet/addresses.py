"""Paths below the gateway."""

from urllib.parse import quote


def address(*parts: str) -> str:
    """The first part as it is, the others quoted as one segment each."""
    first, *rest = parts
    return "/".join([first, *(quote(part, safe="") for part in rest)])
