"""The blocks that services compose their settings of."""

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared_lib.contracts.services import ServiceName
from shared_lib.storage.settings import StorageSettings

Mode = Literal["embedded", "fleet"]

MEBIBYTE = 1024 * 1024


class Block(BaseModel):
    """A part of the settings. A name that it does not know is an error, not a silent default."""

    model_config = ConfigDict(extra="forbid")


class DatabaseSettings(Block):
    """Where the service keeps its rows."""

    url: str = Field(
        default="",
        repr=False,
        description="SQLAlchemy URL. Empty: an SQLite file named after the service.",
    )
    pool_size: int = Field(default=10, ge=1, description="Connections kept open (PostgreSQL).")


class JobSettings(Block):
    """How durable jobs are claimed, watched and bounded. Times are seconds, sizes bytes."""

    lease_s: float = Field(default=15.0, gt=0, description="A claim not renewed for so long ends.")
    sweep_s: float = Field(
        default=2.0, gt=0, description="How often expired claims are looked for."
    )
    poll_s: float = Field(default=0.2, gt=0, description="How often to look without a doorbell.")
    children: int = Field(default=2, ge=1, description="Jobs that run at the same time.")
    gpu: Literal["auto", "only", "none"] = Field(
        default="auto",
        description="Jobs that ask for a GPU. auto: one at a time on each GPU that is here, beside "
        "the others; only: them and no others; none: not here.",
    )
    idle_s: float = Field(
        default=300.0, gt=0, description="The process that children start from rests after this."
    )
    retry_backoff_s: float = Field(
        default=2.0, ge=0, description="Wait before the first retry; doubles with each."
    )
    time_limit_s: float = Field(default=6 * 3600.0, gt=0, description="A longer job is ended.")
    memory_limit_bytes: int = Field(
        default=4096 * MEBIBYTE, gt=0, description="Resident memory of a job's process tree."
    )
    file_limit_bytes: int = Field(
        default=1024 * 1024 * MEBIBYTE, gt=0, description="The largest file a job may write."
    )
    nameless_object_age_s: float = Field(
        default=24 * 3600.0,
        ge=0,
        description="An object whose writer is unknown is deleted after this.",
    )

    @property
    def beat_s(self) -> float:
        """Renew a lease this often: three chances before it expires."""
        return self.lease_s / 3


class LogSettings(Block):
    """What the processes write about themselves."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Least severe level that is written."
    )
    json_lines: bool = Field(default=True, description="One JSON object a line; else plain text.")


class ServiceSettings(BaseSettings):
    """What every service needs. A service's own class adds its blocks."""

    model_config = SettingsConfigDict(
        env_prefix="FLEET_", env_nested_delimiter="__", extra="forbid"
    )

    service: ServiceName = Field(description="Which member of the fleet this is.")
    mode: Mode = Field(default="fleet", description="embedded: one machine, files and SQLite.")
    data: Path = Field(default=Path("data"), description="Folder of everything that is kept.")
    environments: Path | None = Field(
        default=None,
        description="Folder of the Python environments that jobs run in. Empty: `envs` below data.",
    )
    database: DatabaseSettings = DatabaseSettings()
    storage: StorageSettings = StorageSettings()
    jobs: JobSettings = JobSettings()
    log: LogSettings = LogSettings()
    redis_url: str = Field(
        default="",
        repr=False,
        description="Where Celery rings for new work. Empty: workers find it when they poll.",
    )
    service_urls: dict[ServiceName, str] = Field(
        default_factory=dict,
        description="Base address of each service; those of several replicas with commas between.",
    )
    drain_s: float = Field(
        default=2.0,
        ge=0,
        description="Seconds between saying that it is not ready any more and closing the door.",
    )
    secrets: Path | None = Field(
        default=None, description="Folder of the identity keys. Empty: `secrets` below data."
    )

    @model_validator(mode="after")
    def _fill_from_data_folder(self) -> Self:
        if not self.database.url:
            if self.mode != "embedded":
                raise ValueError("FLEET_DATABASE__URL is needed outside embedded mode")
            path = self.data.absolute() / "databases" / f"{self.service.value}.sqlite"
            self.database.url = f"sqlite:///{path}"
        if self.storage.kind == "file" and self.storage.root is None:
            self.storage.root = self.data.absolute() / "objects"
        return self

    def addresses(self, service: ServiceName) -> tuple[str, ...]:
        """The base addresses of a service's replicas; empty when the settings name none."""
        listed = self.service_urls.get(service, "").split(",")
        return tuple(url.strip().rstrip("/") for url in listed if url.strip())

    @property
    def secrets_folder(self) -> Path:
        """Where this service's private key and everybody's public keys are."""
        return self.secrets or self.data.absolute() / "secrets"

    @property
    def environments_folder(self) -> Path:
        """Where the environments of deepchecks, embeddings and pipelines are built."""
        return self.environments or self.data.absolute() / "envs"

    @property
    def scratch_folder(self) -> Path:
        """Where job children work; emptied when a job ends."""
        return self.data.absolute() / "scratch"

    @property
    def run_folder(self) -> Path:
        """Sockets and pipes of the running processes."""
        return self.data.absolute() / "run"
