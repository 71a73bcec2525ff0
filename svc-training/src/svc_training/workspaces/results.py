"""What a finished pipeline leaves behind."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class StageRun:
    """A stage whose command ran: where, and for how many seconds."""

    name: str
    device: str
    seconds: float


def latest_runs(runs: Iterable[StageRun]) -> list[StageRun]:
    """Each stage once, as it ran last."""
    found: dict[str, StageRun] = {}
    for run in runs:
        found.pop(run.name, None)
        found[run.name] = run
    return list(found.values())


@dataclass(frozen=True)
class Results:
    """What a finished pipeline left.

    Attributes:
        ran: stages whose command ran, in order.
        cached: stages that were restored or had not changed.
        metrics: names, dotted where they are nested, and numbers.
        params: what the stages have read.
        lock_sha256: of `dvc.lock`, which names every input and output by its content.
        files: artifacts by the name people see.
    """

    ran: list[StageRun]
    cached: list[str]
    metrics: dict[str, float]
    params: dict[str, Any]
    lock_sha256: str
    files: dict[str, Path] = field(default_factory=dict)
