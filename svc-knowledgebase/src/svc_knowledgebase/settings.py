"""Settings of svc-knowledgebase; environment variables with the prefix `FLEET_`."""

from pydantic import Field

from shared_lib.contracts.services import ServiceName
from shared_lib.settings import ServiceSettings


class KnowledgebaseSettings(ServiceSettings):
    """The shared blocks, and how often unnamed objects are looked for."""

    service: ServiceName = ServiceName.KNOWLEDGEBASE
    object_sweep_s: float = Field(
        default=60.0, gt=0, description="Seconds between two searches for objects without a row."
    )
