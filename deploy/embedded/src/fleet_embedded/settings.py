"""What the processes of the embedded fleet are told by `fleet up`."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class EmbeddedSettings(BaseSettings):
    """Where everything is kept: `FLEET_DATA`."""

    # The environment also holds the services' settings, which share the prefix.
    model_config = SettingsConfigDict(env_prefix="FLEET_", extra="ignore")

    data: Path = Field(default=Path("data"), description="Folder of everything that is kept.")
