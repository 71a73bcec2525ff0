"""Settings of svc-ingest; environment variables with the prefix `FLEET_`."""

from pydantic import Field

from shared_lib.contracts.services import ServiceName
from shared_lib.settings import ServiceSettings

GIBIBYTE = 1024**3


class IngestSettings(ServiceSettings):
    """The shared blocks, and the bounds of uploads."""

    service: ServiceName = ServiceName.INGEST
    upload_limit_bytes: int = Field(
        default=100 * GIBIBYTE, gt=0, description="The largest file that is accepted."
    )
    upload_lease_s: float = Field(
        default=30.0, gt=0, description="An upload from which nothing came for so long is dropped."
    )
    unlanded_upload_s: float = Field(
        default=7 * 24 * 3600.0, gt=0, description="A received upload that never lands is dropped."
    )
    object_sweep_s: float = Field(
        default=60.0, gt=0, description="Seconds between two searches for objects without a row."
    )
