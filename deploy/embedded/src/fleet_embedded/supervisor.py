"""`python -m fleet_embedded.supervisor`: the one supervisor of the embedded fleet."""

import logging
import os
import signal

from fleet_embedded.lifeline import hold_on, say_ready
from fleet_embedded.members import MEMBERS
from fleet_embedded.settings import EmbeddedSettings
from fleet_embedded.sockets import await_listener, socket_path
from shared_lib.clients import InternalClient
from shared_lib.doorbell import PipeDoorbell
from shared_lib.events.delivery import Delivery
from shared_lib.identity import open_signer
from shared_lib.jobs.gpus import gpus_for
from shared_lib.jobs.supervisor import Supervisor
from shared_lib.observability import configure_logging

logger = logging.getLogger(__name__)


def main() -> None:
    """Run until told to stop, or until the launcher is gone."""
    embedded = EmbeddedSettings()
    # Without the launcher nobody would restart us or end us: leave at once, the rows stay true.
    hold_on(lambda: os.kill(os.getpid(), signal.SIGKILL))
    settings = [member.settings(embedded.data) for member in MEMBERS]
    log = settings[0].log
    configure_logging("supervisor", level=log.level, json_lines=log.json_lines)
    socket = socket_path(embedded.data)
    await_listener(socket)
    runtimes = [member.runtime(s) for member, s in zip(MEMBERS, settings, strict=True)]
    deliveries = []
    for runtime in runtimes:
        signer = open_signer(runtime.settings.secrets_folder, issuer=runtime.name)
        client = InternalClient(signer, socket=socket)
        lease_s = runtime.settings.jobs.lease_s
        deliveries.append(Delivery(runtime.database, post=client.post, lease_s=lease_s))
    supervisor = Supervisor(
        runtimes,
        deliveries=deliveries,
        doorbell=PipeDoorbell(settings[0].run_folder / "doorbell").listen(),
        gpus=gpus_for(runtimes),
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: supervisor.stop())
    say_ready("supervisor")
    supervisor.run()


if __name__ == "__main__":
    main()
