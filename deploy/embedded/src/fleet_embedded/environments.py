"""`fleet env`: the large packages that are installed when they are first needed, or now."""

import shutil
from importlib.resources import files
from pathlib import Path
from typing import Any

import click

from shared_lib.console import Column, CommandError, ExitCode, Output, pass_output
from shared_lib.console.formats import format_bytes
from shared_lib.console.lazy import LazyGroup
from shared_lib.contracts.base import Contract

DATA = click.option(
    "--data",
    envvar="FLEET_DATA",
    type=click.Path(file_okay=False, path_type=Path),
    default="data",
    show_default=True,
    help="Folder of everything that is kept.",
)
NAME = click.argument("name", type=click.Choice(["ml", "deepchecks"]))

_MAKES = {
    "ml": "search by meaning, clusters, categories, drift of texts (sentence-transformers)",
    "deepchecks": "the deepchecks suites of a quality gate (AGPL-3.0, a process of its own)",
}


class EnvironmentView(Contract):
    """One of the environments that Datafleet has a use for."""

    name: str
    installed: bool
    bytes: int | None
    packages: int | None
    what: str


_COLUMNS: tuple[Column[EnvironmentView], ...] = (
    Column("environment", lambda row: row.name, whole=True),
    Column("installed", lambda row: row.installed),
    Column("size", lambda row: row.bytes, show=format_bytes, right=True),
    Column("packages", lambda row: row.packages, right=True),
    Column("makes possible", lambda row: row.what),
)


def _requirements(name: str) -> str:
    if name == "ml":
        from shared_lib.embeddings.local import ml_requirements  # noqa: PLC0415 - loads numpy

        return ml_requirements()
    return (files("svc_quality.deepchecks") / "requirements.txt").read_text(encoding="utf-8")


def _environments(data: Path) -> Any:
    from shared_lib.environments import Environments  # noqa: PLC0415 - only where one is asked for

    return Environments(data.absolute() / "envs")


def _view(data: Path, name: str) -> EnvironmentView:
    found = _environments(data).find(_requirements(name))
    return EnvironmentView(
        name=name,
        installed=found is not None,
        bytes=found.bytes if found else None,
        packages=found.packages if found else None,
        what=_MAKES[name],
    )


@click.group(cls=LazyGroup)
def env() -> None:
    """Large packages that are installed when they are first needed, or ahead."""


@env.command("list", fields=EnvironmentView.model_fields)
@DATA
@pass_output
def list_environments(output: Output, *, data: Path) -> None:
    """What is installed, and what it makes possible."""
    output.table([_view(data, name) for name in _MAKES], columns=_COLUMNS)


@env.command("add", fields=EnvironmentView.model_fields)
@NAME
@DATA
@pass_output
def add_environment(output: Output, *, name: str, data: Path) -> ExitCode:
    """Install one now; a job that needs it would do the same."""
    from shared_lib.contracts.errors import FleetError  # noqa: PLC0415 - as above

    with output.progress(f"installing {name}") as bar:
        try:
            _environments(data).ensure(
                _requirements(name),
                log=output.detail,
                progress=lambda done: bar.update(done=done),
                compiled=name != "ml",
            )
        except FleetError as error:
            raise CommandError(error.detail) from error
    view = _view(data, name)
    if output.as_json:
        output.record(view)
    else:
        output.data(f"✓ {name}  {view.packages} packages  {format_bytes(view.bytes or 0)}")
    return ExitCode.OK


@env.command("delete", fields=("name",))
@NAME
@DATA
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_output
def delete_environment(output: Output, *, name: str, data: Path, yes: bool) -> ExitCode:
    """Delete one; it is installed again when it is needed."""
    found = _environments(data).find(_requirements(name))
    if found is None:
        raise CommandError(f"{name} is not installed below {data}", exit_code=ExitCode.NOT_FOUND)
    if not yes:
        click.confirm(f"Delete {name} ({format_bytes(found.bytes)})?", abort=True, err=True)
    shutil.rmtree(found.folder)
    output.data(f"deleted {name}")
    return ExitCode.OK
