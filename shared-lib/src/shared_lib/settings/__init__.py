"""Settings of the fleet: environment variables with the prefix `FLEET_`, composed of blocks."""

from shared_lib.settings.blocks import (
    DatabaseSettings,
    JobSettings,
    LogSettings,
    Mode,
    ServiceSettings,
)

__all__ = ["DatabaseSettings", "JobSettings", "LogSettings", "Mode", "ServiceSettings"]
