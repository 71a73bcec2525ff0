"""A service's worker where the fleet is spread out: its supervisor, woken by Celery on Redis.

Each service's `python -m svc_<name>.worker` calls `run_worker`. The supervisor is the main thread;
Celery listens in another one, so that nothing that happens to Redis can delay a lease.
"""

import fcntl
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared_lib.clients import InternalClient
from shared_lib.contracts.errors import ConflictError, FleetError
from shared_lib.events.delivery import Delivery
from shared_lib.identity import open_signer
from shared_lib.jobs.gpus import gpus_for
from shared_lib.jobs.ringing import RingListener
from shared_lib.jobs.runtime import Runtime, supervisor_bell
from shared_lib.jobs.supervisor import Supervisor
from shared_lib.observability import configure_logging


class FolderTakenError(ConflictError):
    """Another worker runs on the same data folder."""

    code = "folder_taken"
    title = "The data folder is in use"


def run_worker(runtime: Runtime) -> None:
    """Run jobs and deliver events until SIGTERM; jobs that run then go back into the queue.

    What is wrong with the deployment (a missing key, a folder that is taken) ends the process with
    a message that says what to do.
    """
    try:
        _run(runtime)
    except FleetError as error:
        sys.exit(f"{runtime.name}: {error.detail}")


def _run(runtime: Runtime) -> None:
    runtime, settings = runtime.beside_its_supervisor(), runtime.settings
    configure_logging(
        settings.service, level=settings.log.level, json_lines=settings.log.json_lines
    )
    signer = open_signer(settings.secrets_folder, issuer=runtime.name)
    client = InternalClient(signer, addresses=settings.addresses)
    with _own(settings.run_folder):
        bell = supervisor_bell(settings)
        delivery = Delivery(runtime.database, post=client.post, lease_s=settings.jobs.lease_s)
        gpus = gpus_for([runtime])
        supervisor = Supervisor([runtime], deliveries=[delivery], doorbell=bell.listen(), gpus=gpus)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: supervisor.stop())
        listener = None
        if settings.redis_url:
            queues = _heard(runtime, has_gpus=bool(gpus))
            listener = RingListener(settings.redis_url, queues=queues, heard=bell.ring)
            listener.start()
        try:
            supervisor.run()
        finally:
            if listener is not None:
                listener.stop()
            client.close()


def _heard(runtime: Runtime, *, has_gpus: bool) -> list[str]:
    """The queues whose rings are for this worker."""
    everybody = [] if runtime.settings.jobs.gpu == "only" else [str(runtime.name)]
    return [*everybody, *(runtime.gpu_queues if has_gpus else ())]


@contextmanager
def _own(folder: Path) -> Iterator[None]:
    """Hold the folder: a second worker in it would hear our bell and sweep our scratch."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / "worker.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FolderTakenError(
                f"Another worker runs in {folder.parent}. Give each worker a folder of its own: "
                "FLEET_DATA."
            ) from error
        yield
    finally:
        os.close(descriptor)
