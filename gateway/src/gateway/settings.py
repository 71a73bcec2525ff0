"""Settings of the gateway; environment variables with the prefix `FLEET_`."""

from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, SecretStr, StringConstraints, model_validator

from shared_lib.contracts.services import ServiceName
from shared_lib.settings import ServiceSettings

MEBIBYTE = 1024 * 1024


class HttpSettings(BaseModel):
    """How the gateway listens. Times are seconds."""

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8080, ge=0, le=65535, description="Port; 0 takes a free one.")
    header_timeout_s: float = Field(
        default=10.0, gt=0, description="A request whose headers are not whole by then is dropped."
    )
    keep_alive_s: int = Field(
        default=15, ge=1, description="An idle connection is closed after this."
    )
    drain_s: int = Field(default=30, ge=0, description="Open requests get this long at a stop.")


class LimitSettings(BaseModel):
    """What one tenant, one address and one request may take. Sizes are bytes, times seconds."""

    requests_per_second: float = Field(
        default=500.0, gt=0, description="A tenant's requests a second in the long run."
    )
    burst: int = Field(default=1000, ge=1, description="A tenant's requests at once.")
    anonymous_per_second: float = Field(
        default=20.0, gt=0, description="Requests without a good key, a second and client address."
    )
    anonymous_burst: int = Field(default=200, ge=1, description="The same, at once.")
    in_flight: int = Field(default=1000, ge=1, description="Open requests a route.")
    body_bytes: int = Field(default=16 * MEBIBYTE, ge=0, description="The largest body.")
    upload_bytes: int = Field(
        default=1024 * 1024 * MEBIBYTE, ge=0, description="The largest uploaded file."
    )
    body_idle_s: float = Field(
        default=60.0, gt=0, description="A body that pauses longer than this is given up."
    )


class UpstreamSettings(BaseModel):
    """How services are called over HTTP. Times are seconds."""

    client: Literal["own", "aiohttp"] = Field(
        default="own", description="Our client on httptools, or aiohttp at three times its cost."
    )
    connect_s: float = Field(default=3.0, gt=0, description="To open a connection.")
    idle_s: float = Field(
        default=75.0, gt=0, description="Without a byte of the answer; above `Prefer: wait=30`."
    )
    total_s: float = Field(default=24 * 3600.0, gt=0, description="One request as a whole.")


class RequestLogSettings(BaseModel):
    """How requests are recorded."""

    flush_s: float = Field(default=0.5, gt=0, description="Seconds between two written batches.")
    queue: int = Field(
        default=20_000, ge=1, description="Entries kept for writing; more are dropped and counted."
    )
    file_bytes: int = Field(
        default=50 * MEBIBYTE, ge=1024, description="data/logs/requests.jsonl is rotated here."
    )
    files: int = Field(default=5, ge=1, description="Rotated files that are kept.")
    keep_days: int = Field(default=30, ge=1, description="Days that entries stay in the database.")


class GatewaySettings(ServiceSettings):
    """The shared blocks, and what only the gateway decides."""

    service: ServiceName = ServiceName.GATEWAY
    http: HttpSettings = HttpSettings()
    limits: LimitSettings = LimitSettings()
    upstream: UpstreamSettings = UpstreamSettings()
    request_log: RequestLogSettings = RequestLogSettings()
    trusted_proxies: list[IPv4Network | IPv6Network] = Field(
        default_factory=list,
        description="Networks of proxies in front; only they may name the client's address.",
    )
    key_environment: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{2,12}$")] = Field(
        default="live", description="The second part of new keys, such as live or test."
    )
    key_pepper: SecretStr | None = Field(
        default=None,
        description="Secret under which keys are stored. Embedded: made at the first start.",
    )

    door_secret: SecretStr | None = Field(
        default=None,
        description="Shared with the nginx in front (deploy/nginx), which asks the gateway about "
        "each request. Empty: nobody may ask.",
    )

    @model_validator(mode="after")
    def _need_a_pepper(self) -> Self:
        if self.key_pepper is None and self.mode != "embedded":
            raise ValueError("FLEET_KEY_PEPPER is needed outside embedded mode")
        if self.key_pepper is not None and len(self.key_pepper.get_secret_value()) < 32:
            raise ValueError("FLEET_KEY_PEPPER needs at least 32 characters")
        return self
