"""A progress bar. Importing this module is cheap; showing a bar loads rich."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from shared_lib.console.formats import format_bytes, format_count, format_duration, format_rate

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import Task, TaskID


class Progress:
    """Takes notice of progress and shows it to nobody."""

    def advance(self, units: int) -> None:
        """That many units are done besides what was done before."""

    def update(
        self, *, done: int | None = None, total: int | None = None, text: str | None = None
    ) -> None:
        """How many units are done in all, how many there will be, what is being done."""


class ShownProgress(Progress):
    """Shows it as a bar on standard error."""

    def __init__(self, bar: "RichProgress", *, task: "TaskID") -> None:
        self._bar = bar
        self._task = task

    def advance(self, units: int) -> None:
        """Move the bar."""
        self._bar.advance(self._task, units)

    def update(
        self, *, done: int | None = None, total: int | None = None, text: str | None = None
    ) -> None:
        """Set the bar."""
        self._bar.update(self._task, completed=done, total=total, description=text)


@contextmanager
def show_progress(
    text: str, *, total: int | None, unit: str, color: bool
) -> Iterator[ShownProgress]:
    """A bar that is gone when the block ends; what comes after says how it went."""
    from rich.console import Console  # noqa: PLC0415 - only who sees a bar waits for rich
    from rich.progress import BarColumn, ProgressColumn, TextColumn  # noqa: PLC0415 - likewise
    from rich.progress import Progress as Bar  # noqa: PLC0415 - likewise
    from rich.text import Text  # noqa: PLC0415 - likewise

    class Amount(ProgressColumn):
        def render(self, task: "Task") -> Text:
            return Text(describe(task, unit=unit))

    console = Console(stderr=True, no_color=not color)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(bar_width=24), Amount())
    with Bar(*columns, console=console, transient=True) as bar:
        yield ShownProgress(bar, task=bar.add_task(text, total=total))


def describe(task: "Task", *, unit: str) -> str:
    """``12.0 MB of 412 MB  38.1 MB/s  10 s to go``."""
    show = format_bytes if unit == "bytes" else _counted
    parts = [show(task.completed)]
    if task.total:
        parts = [f"{show(task.completed)} of {show(task.total)}"]
    if unit != "bytes":
        parts[0] += f" {unit}"
    if task.speed and not task.finished:
        parts.append(format_rate(task.speed, unit=unit))
    if task.time_remaining is not None and not task.finished:
        parts.append(f"{format_duration(task.time_remaining)} to go")
    return "  ".join(parts)


def _counted(value: float) -> str:
    return format_count(int(value))
