"""`fleet open`."""

import sys

import click

from datafleet.commands.connection import server_option
from datafleet.configuration import find_connection
from shared_lib.console import Command, Output, pass_output


@click.command(cls=Command, fields=("url",))
@click.option("--print", "only_print", is_flag=True, help="Print the address, open nothing.")
@server_option
@pass_output
def open_page(output: Output, *, server: str | None, only_print: bool) -> None:
    """Open the fleet in the browser.

    Piped, the address is printed and nothing is opened.
    """
    url = f"{find_connection(server=server).server}/"
    if output.as_json:
        output.record({"url": url})
        return
    output.data(url)
    if not only_print and sys.stdout.isatty() and click.launch(url) != 0:
        output.warn("no browser could be started; open the address by hand.")
