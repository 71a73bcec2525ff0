"""Releases of the libraries that read documents."""

from functools import cache

_TOLD: dict[str, str] = {}


def told(engines: str) -> None:
    """Take releases from whoever looked them up: `name/release name/release`."""
    for each in engines.split():
        name, _, number = each.partition("/")
        _TOLD[name] = number


@cache
def release(name: str) -> str:
    """The installed release; looking it up costs as much as reading some small documents."""
    if name in _TOLD:
        return _TOLD[name]
    from importlib.metadata import version  # noqa: PLC0415 - a child has been told

    return version(name)
