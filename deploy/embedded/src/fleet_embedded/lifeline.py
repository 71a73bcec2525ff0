"""No process of the fleet outlives `fleet up`, however that ends.

The launcher holds the writing end of a pipe. When it is gone, even by `kill -9`, the reading end
reports the end of the file and the process that holds it leaves.
"""

import os
import threading
from collections.abc import Callable

LIFELINE_VARIABLE = "FLEET_EMBEDDED_LIFELINE"
READY_VARIABLE = "FLEET_EMBEDDED_READY"


def hold_on(leave: Callable[[], None]) -> None:
    """Call `leave` when the launcher has gone; without a launcher do nothing."""
    descriptor = os.environ.get(LIFELINE_VARIABLE)
    if descriptor is None:
        return

    def wait() -> None:
        os.read(int(descriptor), 1)
        leave()

    threading.Thread(target=wait, daemon=True, name="lifeline").start()


def say_ready(message: str) -> None:
    """Tell the launcher, once, that this process does its work now."""
    descriptor = os.environ.get(READY_VARIABLE)
    if descriptor is not None:
        os.write(int(descriptor), message.encode() + b"\n")
        os.close(int(descriptor))
