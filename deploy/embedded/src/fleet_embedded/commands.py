"""`fleet up`. Imported when it is called; the processes that it starts import the rest."""

import json
import time
from pathlib import Path

import click

from fleet_embedded.launcher import Launcher, StartFailedError
from shared_lib.console import Command, CommandError, Output, pass_output


@click.command(cls=Command)
@click.option(
    "--host",
    envvar="FLEET_HOST",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on.",
)
@click.option(
    "--port",
    envvar="FLEET_PORT",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="Port; 0 takes a free one.",
)
@click.option(
    "--data",
    envvar="FLEET_DATA",
    type=click.Path(file_okay=False, path_type=Path),
    default="data",
    show_default=True,
    help="Folder of everything that is kept.",
)
@pass_output
def up(output: Output, *, host: str, port: int, data: Path) -> None:
    """Start the whole fleet on this machine; Ctrl-C stops it."""
    started = time.monotonic()
    try:
        launcher = Launcher(host=host, port=port, data=data)
        launcher.run(
            on_ready=lambda said: _welcome(
                output,
                address=launcher.address,
                data=data,
                key=json.loads(said)["key"],
                seconds=time.monotonic() - started,
            )
        )
    except StartFailedError as error:
        raise CommandError(str(error)) from error


def _welcome(output: Output, *, address: str, data: Path, key: str | None, seconds: float) -> None:
    output.say(f"✓ ready in {seconds:.1f} s   {address}   data {data}   (Ctrl-C stops)")
    if key is not None:
        output.say(f"\nYour admin key, shown this once:\n\n  {key}\n")
    server = "" if address == "http://127.0.0.1:8080" else f" --server {address}"
    output.say("Try, in another terminal (`. .venv/bin/activate` first):")
    commands = {
        f"fleet login{server}": "keep the key for the commands below",
        "fleet push FILE.csv": "from a file to typed Parquet, with its journey",
        "fleet demo": "sample files through the gate to a trained, registered model",
        "fleet table list": "what came out; or open the address above in a browser",
    }
    width = max(map(len, commands))
    for words, what in commands.items():
        output.say(f"  {words:<{width}}  {what}")
