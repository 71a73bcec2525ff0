"""Groups whose commands are named at once and imported only when called.

`fleet --help` must be quick and must not fail because one distribution's command cannot be
imported, so the line of help comes from the source text of the command's function.
"""

import ast
import importlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from shared_lib.console.commands import Group
from shared_lib.console.errors import CommandError


@dataclass(frozen=True)
class LazyCommand:
    """Where a command is.

    Args:
        target: ``package.module:attribute``, as in an entry point.
        help: its line in the list of commands; read from the source when not given.
    """

    target: str
    help: str | None = None

    def load(self) -> click.Command:
        """Import the command.

        Raises:
            CommandError: it is not there or cannot be imported.
        """
        module, _, attribute = self.target.partition(":")
        try:
            command = getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            raise CommandError(
                f"the command cannot be loaded from {self.target}: {error}",
                hint="install the distribution again that brings it (a clone: make dev)",
            ) from error
        if not isinstance(command, click.Command):
            raise CommandError(f"{self.target} is no command.")
        return command

    def short_help(self) -> str:
        """The first line of the function's docstring, without importing its module."""
        if self.help is not None:
            return self.help
        module, _, attribute = self.target.partition(":")
        source = _source_of(module)
        return _docstring_line(source, function=attribute) if source is not None else ""


def _source_of(module: str) -> str | None:
    package, *rest = module.split(".")
    # Only the top package is looked for: finding a part of it would import what is above the part.
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        return None
    for location in found.submodule_search_locations:
        place = Path(location, *rest)
        for candidate in (place.with_suffix(".py"), place / "__init__.py"):
            if candidate.is_file():
                return candidate.read_text(encoding="utf-8")
    return None


def _docstring_line(source: str, *, function: str) -> str:
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return ""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            return (ast.get_docstring(node) or "").partition("\n")[0].rstrip(".")
    return ""


class LazyGroup(Group):
    """A group with commands that are imported when they are called.

    Args:
        lazy: the commands that are known at once.
        discover: finds more, and is called only when they are listed or one is not known.
    """

    def __init__(
        self,
        *args: Any,
        lazy: Mapping[str, LazyCommand] | None = None,
        discover: Callable[[], Mapping[str, LazyCommand]] | None = None,
        **attributes: Any,
    ) -> None:
        super().__init__(*args, **attributes)
        self._lazy = dict(lazy or {})
        self._discover = discover

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in order."""
        known = self._known()
        return sorted({*super().list_commands(ctx), *known})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now; None when there is none of that name."""
        if cmd_name not in self.commands and cmd_name not in self._lazy:
            self._known()
        lazy = self._lazy.get(cmd_name)
        return lazy.load() if lazy is not None else super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, none of them imported."""
        rows = [(name, self._short_help(ctx, name)) for name in self.list_commands(ctx)]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names that begin so, none of them imported."""
        found = [
            CompletionItem(name, help=self._short_help(ctx, name))
            for name in self.list_commands(ctx)
            if name.startswith(incomplete)
        ]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def also_discover(self, discover: Callable[[], Mapping[str, LazyCommand]]) -> None:
        """Find more commands in another way too, when it comes to that."""
        before = self._discover
        self._discover = lambda: {**discover(), **(before() if before is not None else {})}

    def _short_help(self, ctx: click.Context, name: str) -> str:
        command = super().get_command(ctx, name)
        if command is not None:
            return command.get_short_help_str(limit=100)
        return self._known()[name].short_help()

    def _known(self) -> dict[str, LazyCommand]:
        if self._discover is not None:
            discover, self._discover = self._discover, None
            # What is known at once is not replaced by what another distribution brings.
            self._lazy = {**discover(), **self._lazy}
        return self._lazy


class EntryPointGroup(LazyGroup):
    """The root of a command whose parts come from several distributions.

    An entry point `convert` is a command, an entry point `kb.build` the verb `build` of the noun
    `kb`, which another distribution may have or nobody.

    Args:
        entry_points: the name of the group of entry points.
    """

    def __init__(self, *args: Any, entry_points: str, **attributes: Any) -> None:
        super().__init__(*args, discover=self._discover_commands, **attributes)
        self._entry_points = entry_points

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command; a noun also finds the verbs that other distributions bring."""
        command = super().get_command(ctx, cmd_name)
        if isinstance(command, LazyGroup):
            command.also_discover(partial(self._discover_verbs, cmd_name))
        return command

    def _discover_commands(self) -> dict[str, LazyCommand]:
        found = read_entry_points(self._entry_points)
        nouns = {name.partition(".")[0] for name in found if "." in name}
        for noun in nouns - set(found) - set(self._lazy):
            self.add_command(
                LazyGroup(name=noun, help=", ".join(sorted(self._discover_verbs(noun))))
            )
        return {name: target for name, target in found.items() if "." not in name}

    def _discover_verbs(self, noun: str) -> dict[str, LazyCommand]:
        found = read_entry_points(self._entry_points)
        start = f"{noun}."
        return {
            name.removeprefix(start): lazy for name, lazy in found.items() if name.startswith(start)
        }


def read_entry_points(group: str) -> dict[str, LazyCommand]:
    """The installed commands of a group of entry points, by name."""
    # Importing it takes as long as click itself, and most commands never need it.
    from importlib.metadata import entry_points  # noqa: PLC0415 - see the line above

    return {point.name: LazyCommand(point.value) for point in entry_points(group=group)}
