"""DVC's run cache, asked on this machine first.

`dvc repro --pull` lists the whole run cache of the remote before it begins, and asks the remote for
every output before it looks here. A stage that this machine can restore needs neither.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dvc.stage import cache
from dvc.stage.cache import RunCacheNotFoundError, StageCache


class LocalFirst(StageCache):  # type: ignore[misc] # DVC has no types
    """Restores from this machine; brings the remote's run cache here once, at the first miss."""

    def __init__(self, repo: Any) -> None:
        super().__init__(repo)
        self._put_off: list[str | None] = []

    def pull(self, remote: str | None, odb: Any = None) -> list[tuple[str, str]]:  # noqa: ARG002 - DVC's own signature
        """Put off until a stage is not found here."""
        self._put_off = [remote]
        return []

    def restore(self, stage: Any, **how: Any) -> None:
        """Restore a stage; `how` is as DVC says it.

        Raises:
            RunCacheNotFoundError: nobody has run it.
        """
        try:
            super().restore(stage, **{**how, "pull": False})
        except RunCacheNotFoundError:
            if not how.get("pull"):
                raise
            while self._put_off:
                super().pull(self._put_off.pop())
            super().restore(stage, **how)


@contextmanager
def local_first() -> Iterator[None]:
    """Every repository that DVC opens in this process meanwhile asks here first."""
    cache.StageCache = LocalFirst
    try:
        yield
    finally:
        cache.StageCache = StageCache
