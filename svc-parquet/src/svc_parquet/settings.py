"""Settings of svc-parquet; environment variables with the prefix `FLEET_`."""

from pydantic import Field

from shared_lib.contracts.services import ServiceName
from shared_lib.settings import ServiceSettings
from svc_parquet.queries.settings import QuerySettings


class ParquetSettings(ServiceSettings):
    """The shared blocks, how queries are bounded, how often unnamed objects are looked for."""

    service: ServiceName = ServiceName.PARQUET
    queries: QuerySettings = QuerySettings()
    object_sweep_s: float = Field(
        default=60.0, gt=0, description="Seconds between two searches for objects without a row."
    )
