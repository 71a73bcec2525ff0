"""Two requests that make the same row at the same moment: the second one looks again."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import IntegrityError

ResultT = TypeVar("ResultT")

TRIES = 4
"""A landing can collide on its content and on its dataset, each time with somebody else."""


def again_after_collision(run: Callable[[], ResultT]) -> ResultT:
    """What `run` gives, which is one whole write unit.

    PostgreSQL lets two units look for a row, find none, and both insert it; a unique constraint
    then refuses the later one. Its next look finds the row that the other has committed.
    """
    for _ in range(TRIES - 1):
        try:
            return run()
        except IntegrityError:
            continue
    return run()
