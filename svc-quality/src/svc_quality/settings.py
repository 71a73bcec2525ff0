"""Settings of svc-quality; environment variables with the prefix `FLEET_`."""

from pydantic import Field

from shared_lib.contracts.services import ServiceName
from shared_lib.settings import ServiceSettings


class QualitySettings(ServiceSettings):
    """The shared blocks, and how often unnamed objects are looked for."""

    service: ServiceName = ServiceName.QUALITY
    object_sweep_s: float = Field(
        default=60.0, gt=0, description="Seconds between two searches for objects without a row."
    )
