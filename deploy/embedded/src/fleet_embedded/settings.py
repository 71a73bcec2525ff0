"""Settings of the embedded fleet. Every service gets the same data folder."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

DEFAULT_PORT = 8080


class EmbeddedSettings(BaseSettings):
    """Where to listen and where to keep things; `FLEET_HOST`, `FLEET_PORT`, `FLEET_DATA`."""

    # The environment also holds the services' settings, which share the prefix.
    model_config = SettingsConfigDict(env_prefix="FLEET_", extra="ignore")

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=DEFAULT_PORT, ge=0, le=65535, description="0: any free port.")
    data: Path = Field(default=Path("data"), description="Folder of everything that is kept.")
