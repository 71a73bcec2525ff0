"""Settings of svc-training; environment variables with the prefix `FLEET_`."""

from shared_lib.contracts.services import ServiceName
from shared_lib.settings import ServiceSettings


class TrainingSettings(ServiceSettings):
    """The shared blocks."""

    service: ServiceName = ServiceName.TRAINING
