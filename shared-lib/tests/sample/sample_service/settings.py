"""Settings of the sample service; it answers under the name of svc-training."""

from pathlib import Path

from pydantic import Field

from shared_lib.contracts.services import ServiceName
from shared_lib.settings import ServiceSettings


class SampleSettings(ServiceSettings):
    """The shared blocks, and where the receiver of its events listens."""

    service: ServiceName = ServiceName.TRAINING
    receiver_url: str = "http://127.0.0.1:9"
    signs: Path | None = Field(default=None, description="A file that jobs write their pids to.")
