"""`fleet version`."""

from importlib.metadata import version as installed_version

import click

from shared_lib.console import Command, Output, pass_output


@click.command(cls=Command, fields=("version",))
@pass_output
def version(output: Output) -> None:
    """Print the version."""
    number = installed_version("datafleet-sdk")
    if output.as_json:
        output.record({"version": number})
    else:
        output.data(f"datafleet {number}")
