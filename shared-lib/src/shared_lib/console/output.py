"""Where a command's words go: data to standard output, talk to standard error.

On a terminal data are tables and lines for people. Piped, a table is tab-separated, with exact
values and never cut. With `--json` every record is one line of JSON.
"""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import click

from shared_lib.console.errors import CommandError
from shared_lib.console.exit_codes import ExitCode
from shared_lib.console.formats import NOTHING, printable, tab_separated

if TYPE_CHECKING:
    from pydantic import BaseModel

    from shared_lib.console.progress import Progress

RowT = TypeVar("RowT")


@dataclass(frozen=True)
class Style:
    """How a command shall speak. `fields` is None without `--json`, empty for whole records."""

    fields: tuple[str, ...] | None = None
    quiet: bool = False
    verbose: bool = False
    color: bool = True


@dataclass(frozen=True)
class Column(Generic[RowT]):
    """A column of a table.

    Args:
        title: its heading.
        value: what a row has there, exact; printed as it is when the output is piped.
        show: how a person reads it; `str` when not given.
        right: whether it is a number, and so aligned to the right.
        style: a row's colour on a terminal, such as `red`; it repeats what the words say.
        whole: keep the cell on one line, as an id that is copied.
    """

    title: str
    value: Callable[[RowT], Any]
    show: Callable[[Any], str] | None = None
    right: bool = False
    style: Callable[[RowT], str | None] | None = None
    whole: bool = False

    def exact(self, row: RowT) -> str:
        """The cell for a program."""
        return as_text(self.value(row))

    def human(self, row: RowT) -> str:
        """The cell for a person; nothing is a dash."""
        value = self.value(row)
        if value is None:
            return NOTHING
        return printable(self.show(value) if self.show is not None else as_text(value))


class Output:
    """Speaks as the command's options say."""

    def __init__(self, style: Style) -> None:
        self._style = style

    @property
    def as_json(self) -> bool:
        """Whether records are printed as JSON."""
        return self._style.fields is not None

    @property
    def for_people(self) -> bool:
        """Whether standard output is a terminal and the records are not JSON."""
        return not self.as_json and sys.stdout.isatty()

    @property
    def talks(self) -> bool:
        """Whether there is somebody to watch progress: a terminal, and not `--quiet`."""
        return sys.stderr.isatty() and not self._style.quiet

    def data(self, text: str) -> None:
        """A line of data on standard output."""
        click.echo(text)

    def say(self, text: str) -> None:
        """A line of talk, silenced by `--quiet`."""
        if not self._style.quiet:
            click.echo(text, err=True)

    def detail(self, text: str) -> None:
        """A line of talk for `--verbose`."""
        if self._style.verbose:
            click.echo(text, err=True)

    def warn(self, text: str) -> None:
        """A warning, which `--quiet` does not silence."""
        click.echo(f"{click.style('warning:', fg='yellow', bold=True)} {printable(text)}", err=True)

    def record(self, value: "BaseModel | Mapping[str, Any]") -> None:
        """A record as one line of JSON, whole or the fields that were asked for.

        Raises:
            CommandError: there is no such field.
        """
        whole = value if isinstance(value, Mapping) else value.model_dump(mode="json")
        fields = self._style.fields
        chosen = {field: _pick(whole, field) for field in fields} if fields else whole
        self.data(json.dumps(chosen, ensure_ascii=False, separators=(",", ":"), default=as_text))

    def table(self, rows: Iterable[RowT], *, columns: Sequence[Column[RowT]]) -> int:
        """Rows as JSON records, as a table for people, or tab-separated; how many there were."""
        if self.as_json:
            return self._records(rows)
        if self.for_people:
            from shared_lib.console.tables import print_table  # noqa: PLC0415 - loads rich

            return print_table(rows, columns=columns, color=self._style.color)
        count = 0
        for row in rows:
            if count == 0:
                # Only now is it certain that the rows could be read.
                self.data(tab_separated([column.title for column in columns]))
            count += 1
            self.data(tab_separated([column.exact(row) for column in columns]))
        return count

    def facts(self, facts: Mapping[str, str]) -> None:
        """Names and values under each other; piped, a tab between them."""
        if not self.for_people:
            for name, value in facts.items():
                self.data(tab_separated([name, value]))
            return
        width = max(map(len, facts), default=0)
        for name, value in facts.items():
            self.data(f"{click.style(name.ljust(width), dim=True)}  {printable(value)}")

    @contextmanager
    def progress(
        self, text: str, *, total: int | None = None, unit: str = "bytes"
    ) -> Iterator["Progress"]:
        """A bar on a terminal while the block runs, nothing elsewhere.

        Args:
            text: what is being done.
            total: units at the end; None when nobody knows.
            unit: `bytes` are scaled, others are counted.
        """
        from shared_lib.console.progress import Progress, show_progress  # noqa: PLC0415 - rich

        if not self.talks:
            yield Progress()
            return
        with show_progress(text, total=total, unit=unit, color=self._style.color) as bar:
            yield bar

    def _records(self, rows: Iterable[Any]) -> int:
        count = 0
        for row in rows:
            count += 1
            self.record(row)
        return count


def wants_color(*, no_color: bool) -> bool:
    """Whether colours are wanted: no `--no-color`, and NO_COLOR (no-color.org) unset or empty."""
    return not no_color and not os.environ.get("NO_COLOR")


def as_text(value: Any) -> str:
    """A value as a program reads it: times in ISO 8601 UTC, nothing as empty text."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _pick(record: Any, path: str) -> Any:
    # A table's column may have a dot in its name.
    parts = [path] if isinstance(record, Mapping) and path in record else path.split(".")
    value = record
    for part in parts:
        if value is None:
            return None
        if not isinstance(value, Mapping) or part not in value:
            raise _no_such_field(part, path=path, value=value)
        value = value[part]
    return value


def _no_such_field(part: str, *, path: str, value: Any) -> CommandError:
    names = sorted(value) if isinstance(value, Mapping) else []
    closest = get_close_matches(part, names, n=1)
    meant = f" Did you mean '{closest[0]}'?" if closest else ""
    return CommandError(
        f"there is no field '{path}'.{meant}",
        hint=f"fields: {', '.join(names)}" if names else None,
        exit_code=ExitCode.USAGE,
    )
