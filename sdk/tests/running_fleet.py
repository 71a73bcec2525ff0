"""A running fleet, as the tests of commands use it."""

import sys
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner, Result

from datafleet.cli import main


@dataclass(frozen=True)
class Fleet:
    """A running fleet, and the key of its owner."""

    address: str
    key: str

    def run(self, *words: str, stdin: str | None = None) -> Result:
        """`fleet WORDS…` in this process, against this fleet."""
        environment = {"FLEET_SERVER": self.address, "FLEET_KEY": self.key}
        return CliRunner().invoke(main, words, prog_name="fleet", env=environment, input=stdin)


def fleet_script() -> str:
    """The installed command.

    Raises:
        RuntimeError: it is not installed; says how to.
    """
    script = Path(sys.executable).with_name("fleet")
    if not script.is_file():
        raise RuntimeError("The command `fleet` is not installed here: make dev")
    return str(script)
