"""The shape of a `fleet` command: the options that all of them have, and how their errors end.

    @click.command(cls=Command, fields=DatasetView.model_fields)
    @pass_output
    def show(output: Output, *, name: str) -> None: ...

Each command has `--json [FIELDS]`, `-q`, `-v`, `--no-color` and `--debug`; its first argument is
the `Output` that obeys them.
"""

import functools
import sys
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from typing import Any, Concatenate, ParamSpec, TypeVar

import click
from click.shell_completion import CompletionItem

from shared_lib.console.errors import (
    CommandError,
    explain_error,
    print_error,
    print_unforeseen,
)
from shared_lib.console.exit_codes import ExitCode
from shared_lib.console.output import Output, Style, wants_color

ParametersT = ParamSpec("ParametersT")
ResultT = TypeVar("ResultT")

_STYLE = "shared_lib.console.style"
_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class ReportsErrors(click.Command):
    """A command that, run as a program, ends every error with words and an exit code."""

    def explain(self, error: Exception) -> CommandError | None:
        """What to tell of an error; None when it is not foreseen. A subclass may know more."""
        return explain_error(error)

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run as a program: every error becomes `error:`, `hint:` and an exit code."""
        run: Any = super().main
        if not extra.pop("standalone_mode", True):
            return run(*args, standalone_mode=False, **extra)
        given = extra.get("args", args[0] if args else None)
        words = sys.argv[1:] if given is None else list(given)
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                # A terminal that cannot show a letter is no reason to fail.
                stream.reconfigure(errors="backslashreplace")
        try:
            result = run(*args, standalone_mode=False, **extra)
        except Exception as error:  # noqa: BLE001 - the edge of the program: all are reported here
            sys.exit(self._report(error, words=words))
        sys.exit(int(result) if isinstance(result, int) else ExitCode.OK)

    def _report(self, error: Exception, *, words: Sequence[str]) -> ExitCode:
        # The command may have failed before its options were read.
        debug = "--debug" in words
        color = None if wants_color(no_color="--no-color" in words) else False
        if isinstance(error, click.Abort):
            click.echo("interrupted", err=True)
            return ExitCode.INTERRUPTED
        known = self.explain(error)
        if known is None:
            print_unforeseen(error, debug=debug, color=color)
            return ExitCode.FAILED
        if known is not error:
            known.__cause__ = error
        print_error(known, debug=debug, color=color)
        return known.exit_with


class Command(ReportsErrors):
    """A command with the options that all have.

    Args:
        fields: the names that `--json` may be followed by; the top level of its records.
    """

    def __init__(self, *args: Any, fields: Iterable[str] = (), **attributes: Any) -> None:
        self.fields = tuple(fields)
        attributes["context_settings"] = _CONTEXT | (attributes.get("context_settings") or {})
        super().__init__(*args, **attributes)
        self.params.extend(_common_options(self.fields))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse, after deciding what the optional value of `--json` is."""
        return super().parse_args(ctx, self._bind_fields(args))

    def _bind_fields(self, args: Sequence[str]) -> list[str]:
        # `show --json orders` must not take the name for a field, nor `list --json name` the
        # field for a name. Click would take whatever follows.
        bound: list[str] = []
        rest = list(args)
        while rest:
            word = rest.pop(0)
            if word == "--":
                return [*bound, word, *rest]
            if word == "--json":
                fields = rest.pop(0) if rest and self._reads_as_fields(rest[0]) else ""
                word = f"--json={fields}"
            bound.append(word)
        return bound

    def _reads_as_fields(self, word: str) -> bool:
        if word.startswith("-"):
            return False
        known = all(part.partition(".")[0] in self.fields for part in word.split(","))
        has_arguments = any(isinstance(param, click.Argument) for param in self.params)
        return known or "," in word or not has_arguments


class Group(ReportsErrors, click.Group):
    """A group of such commands that says which name comes closest to a misspelt one."""

    command_class = Command

    def __init__(self, *args: Any, **attributes: Any) -> None:
        attributes["context_settings"] = _CONTEXT | (attributes.get("context_settings") or {})
        super().__init__(*args, **attributes)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first word names.

        Raises:
            CommandError: there is none.
        """
        name = args[0]
        if ctx.resilient_parsing or name.startswith("-") or self.get_command(ctx, name):
            return super().resolve_command(ctx, args)
        names = self.list_commands(ctx)
        closest = get_close_matches(name, names, n=1)
        raise CommandError(
            f"no command '{name}'." + (f" Did you mean '{closest[0]}'?" if closest else ""),
            hint=f"{ctx.command_path} --help",
            exit_code=ExitCode.USAGE,
        )


def pass_output(
    function: Callable[Concatenate[Output, ParametersT], ResultT],
) -> Callable[ParametersT, ResultT]:
    """Give the command's function its `Output` as the first argument."""

    @functools.wraps(function)
    def with_output(*args: ParametersT.args, **options: ParametersT.kwargs) -> ResultT:
        return function(current_output(), *args, **options)

    return with_output


def current_output() -> Output:
    """The output of the command that is running."""
    context = click.get_current_context()
    options = context.meta.get(_STYLE, {})
    color = wants_color(no_color=options.get("no_color", False))
    if not color:
        context.color = False
    style = Style(
        fields=options.get("json"),
        quiet=options.get("quiet", False),
        verbose=options.get("verbose", False),
        color=color,
    )
    return Output(style)


def _common_options(fields: tuple[str, ...]) -> list[click.Option]:
    def complete(_ctx: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
        done, comma, last = begun.rpartition(",")
        return [CompletionItem(done + comma + f) for f in fields if f.startswith(last)]

    names = f" Fields: {', '.join(fields)}." if fields else ""
    return [
        click.Option(
            ["--json"],
            metavar="[FIELDS]",
            expose_value=False,
            callback=_keep_fields,
            shell_complete=complete,
            help=f"Print JSON, one record a line, whole or only FIELDS (a,b.c).{names}",
        ),
        _switch("-q", "--quiet", "Print data and errors only."),
        _switch("-v", "--verbose", "Say more on what is done."),
        _switch("--no-color", "Print without colours, like NO_COLOR=1."),
        _switch("--debug", "Print the traceback and the request id of an error."),
    ]


def _switch(*names_and_help: str) -> click.Option:
    *names, text = names_and_help
    return click.Option(names, is_flag=True, expose_value=False, callback=_keep, help=text)


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    ctx.meta.setdefault(_STYLE, {})[param.name] = value


def _keep_fields(ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    fields = None if value is None else tuple(part.strip() for part in value.split(",") if part)
    ctx.meta.setdefault(_STYLE, {})["json"] = fields
