"""`fleet login`."""

import sys

import click

from datafleet.commands.connection import server_option
from datafleet.configuration import (
    Connection,
    configuration_path,
    find_connection,
    is_loopback,
    save_connection,
)
from shared_lib.console import Command, CommandError, ExitCode, Output, pass_output
from shared_lib.contracts.access import WhoAmI


@click.command(cls=Command, fields=WhoAmI.model_fields)
@server_option
@pass_output
def login(output: Output, *, server: str | None) -> None:
    """Sign in to a fleet with a key.

    The key is asked for, or read from standard input: `fleet login < key.txt`. `fleet up` shows
    the first one. It is kept for this server, readable by you alone; FLEET_KEY goes before it.
    """
    # httpx takes longer to import than all else here, which the help needs not wait for.
    from datafleet.client import Client  # noqa: PLC0415 - see the line above

    address = find_connection(server=server).server
    if address.startswith("http:") and not is_loopback(address):
        output.warn(f"{address} is not encrypted: who is on the way can read the key.")
    key = _read_key(address)
    with Client(address, key) as client:
        me = client.whoami()
    path = configuration_path()
    save_connection(Connection(address, key), path=path)
    if output.as_json:
        output.record(me)
        return
    done = click.style("✓", fg="green")
    output.say(f"{done} signed in to {address} as {me.role} of {me.tenant_name}")
    output.detail(f"kept in {path}")


def _read_key(address: str) -> str:
    if sys.stdin.isatty():
        text = click.prompt(f"Key for {address}", hide_input=True, err=True)
    else:
        text = sys.stdin.readline()
    key = str(text).strip()
    if not key:
        raise CommandError(
            "no key was given.",
            hint="type it when asked, or: fleet login < key.txt",
            exit_code=ExitCode.SIGN_IN_NEEDED,
        )
    return key
