"""The GPUs of this machine, as NVIDIA's driver lists them, and which of them jobs may have."""

import csv
import logging
import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass

from shared_lib.contracts.errors import ConflictError
from shared_lib.jobs.runtime import Runtime

logger = logging.getLogger(__name__)

ANSWERS_WITHIN_S = 20.0
_LIST = ("nvidia-smi", "--query-gpu=index,uuid,name", "--format=csv,noheader")


class NoGpuError(ConflictError):
    """A worker that is there for GPU jobs alone has no GPU."""

    code = "no_gpu"
    title = "There is no GPU here"


@dataclass(frozen=True)
class Gpu:
    """One GPU: its number in the order of the PCI bus, as the driver counts, and its name."""

    number: int
    name: str

    @property
    def device(self) -> str:
        """What `device` says of a stage that ran on it."""
        return f"gpu {self.number} ({self.name})"


def find_gpus() -> tuple[Gpu, ...]:
    """The GPUs that this process may use; none without a driver.

    `CUDA_VISIBLE_DEVICES` of this process chooses among them, by number or by UUID.
    """
    try:
        said = subprocess.run(  # noqa: S603 - words of ours
            _LIST, capture_output=True, text=True, timeout=ANSWERS_WITHIN_S, check=False
        )
    except FileNotFoundError:
        return ()
    except (OSError, subprocess.TimeoutExpired) as error:
        logger.warning("no GPU is used: %s", error)
        return ()
    if said.returncode:
        logger.warning("no GPU is used: nvidia-smi says %s", said.stdout.strip() or said.stderr)
        return ()
    wanted = os.environ.get("CUDA_VISIBLE_DEVICES")
    chosen = None if wanted is None else {each.strip() for each in wanted.split(",")}
    rows = [[field.strip() for field in row] for row in csv.reader(said.stdout.splitlines())]
    return tuple(
        Gpu(number=int(index), name=name)
        for index, uuid, name in rows
        if chosen is None or {index, uuid} & chosen
    )


def gpus_for(runtimes: Iterable[Runtime]) -> tuple[Gpu, ...]:
    """The GPUs that jobs of these services may have on this machine; each runs one at a time.

    Raises:
        NoGpuError: the worker is there for them alone, and there are none.
    """
    asking = [each for each in runtimes if each.gpu_queues]
    if not asking or asking[0].settings.jobs.gpu == "none":
        return ()
    found = find_gpus()
    if not found and asking[0].settings.jobs.gpu == "only":
        raise NoGpuError(
            "FLEET_JOBS__GPU is `only`, and `nvidia-smi` lists no GPU here. Start the container "
            "with the NVIDIA runtime, or set FLEET_JOBS__GPU=none."
        )
    return found
