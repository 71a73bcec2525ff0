"""Settings of svc-quality; environment variables with the prefix `FLEET_`."""

from shared_lib.contracts.services import ServiceName
from shared_lib.settings import ServiceSettings


class QualitySettings(ServiceSettings):
    """The shared blocks."""

    service: ServiceName = ServiceName.QUALITY
