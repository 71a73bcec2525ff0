"""The options by which a command is told how to read a file, the same with and without a server.

@click.command(cls=Command)
@conversion_options
def push(*, options: ConversionOptions) -> None: ...
"""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from shared_lib.contracts.conversions import ConversionOptions

ResultT = TypeVar("ResultT")

_OPTIONS = (
    click.option(
        "--format",
        "text_format",
        type=click.Choice(["csv", "tsv", "jsonl", "json"]),
        help="Told from the bytes when left out.",
    ),
    click.option(
        "--sheet",
        "sheets",
        multiple=True,
        metavar="NAME",
        help="Convert this sheet of a workbook only. Repeat for more.",
    ),
    click.option("--encoding", help="Such as cp1252; UTF-8 and byte order marks are told."),
    click.option("--delimiter", help="One character; told when left out. Write \\t for a tab."),
    click.option(
        "--header/--no-header", default=None, help="Whether the first row has the names; told."
    ),
    click.option(
        "--null",
        "nulls",
        multiple=True,
        metavar="WORD",
        help="A text that means no value, besides the empty field. Repeat for more.",
    ),
    click.option(
        "--quoted-empty-is-null", is_flag=True, help='Read "" as no value instead of empty text.'
    ),
    click.option(
        "--schema",
        multiple=True,
        metavar="COLUMN=TYPE",
        help="Give a column its type, such as zip=string. Repeat for more.",
    ),
    click.option(
        "--on-bad-rows",
        type=click.Choice(["quarantine", "fail"]),
        help="Set bad rows aside (the default), or fail at the first.",
    ),
)


def conversion_options(function: Callable[..., ResultT]) -> Callable[..., ResultT]:
    """Add the options to a command and give its function `options`, a `ConversionOptions`."""

    @functools.wraps(function)
    def with_options(*args: Any, **given: Any) -> ResultT:
        own = {name: given.pop(name) for name in _NAMES}
        return function(*args, options=read_options(**own), **given)

    for option in reversed(_OPTIONS):
        option(with_options)
    return with_options


_NAMES = (
    "text_format",
    "sheets",
    "encoding",
    "delimiter",
    "header",
    "nulls",
    "quoted_empty_is_null",
    "schema",
    "on_bad_rows",
)


def read_options(
    *,
    text_format: str | None,
    delimiter: str | None,
    nulls: tuple[str, ...],
    sheets: tuple[str, ...],
    quoted_empty_is_null: bool,
    schema: tuple[str, ...],
    **given: Any,
) -> "ConversionOptions":
    """The options that were given; what was not given is told from the file.

    Raises:
        click.UsageError: a value is not accepted.
    """
    # Contracts are models of pydantic, which the help needs not wait for.
    from pydantic import ValidationError  # noqa: PLC0415 - see the line above

    from shared_lib.contracts.conversions import ConversionOptions  # noqa: PLC0415 - likewise

    said: dict[str, Any] = {
        **given,
        "format": text_format,
        "sheets": list(sheets) or None,
        "delimiter": "\t" if delimiter == "\\t" else delimiter,
        "null_values": ["", *nulls] if nulls else None,
        "quoted_empty_is_null": quoted_empty_is_null or None,
        "schema": dict(map(_column_type, schema)) or None,
    }
    try:
        return ConversionOptions.model_validate({k: v for k, v in said.items() if v is not None})
    except ValidationError as error:
        first = error.errors()[0]
        place = str(first["loc"][0]).replace("_", "-")
        raise click.UsageError(f"--{place}: {first['msg']}") from error


def _column_type(text: str) -> tuple[str, str]:
    name, found, type_name = text.rpartition("=")
    if not found or not name or not type_name:
        raise click.UsageError(f"--schema {text!r} is not COLUMN=TYPE, such as zip=string.")
    return name, type_name
