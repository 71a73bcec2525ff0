"""The first import of the warm process that job children are forked from: it binds its life.

Importing what jobs need takes seconds, in which the warm process does not look whether anybody
still needs it. On Linux the kernel ends it with its supervisor, however that ends; elsewhere it
ends itself when its imports are done.
"""

import ctypes
import signal
import sys

_PR_SET_PDEATHSIG = 1


def _is_the_warm_process() -> bool:
    """Whether this interpreter was started as multiprocessing's fork server."""
    return any("multiprocessing.forkserver" in argument for argument in sys.orig_argv)


if sys.platform == "linux" and _is_the_warm_process():
    # Children do not inherit it (prctl(2)): they watch their supervisor by themselves.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
