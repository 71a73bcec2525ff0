"""`python -m sample_service.supervisor`: the supervisor of the sample service."""

import signal

from sample_service.settings import SampleSettings
from sample_service.worker import light_runtime
from shared_lib.clients import InternalClient
from shared_lib.events.delivery import Delivery
from shared_lib.identity import open_signer
from shared_lib.jobs.supervisor import Supervisor
from shared_lib.observability import configure_logging


def main() -> None:
    """Run until told to stop."""
    settings = SampleSettings()
    configure_logging("sample", level="WARNING")
    runtime = light_runtime(settings)
    signer = open_signer(settings.secrets_folder, issuer=runtime.name)
    client = InternalClient(signer, addresses=lambda _: (settings.receiver_url,))
    delivery = Delivery(runtime.database, post=client.post, lease_s=2.0)
    supervisor = Supervisor([runtime], deliveries=[delivery])
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: supervisor.stop())
    supervisor.run()


if __name__ == "__main__":
    main()
