"""Settings of svc-quality; environment variables with the prefix `FLEET_`."""

from pathlib import Path

from pydantic import Field

from shared_lib.contracts.services import ServiceName
from shared_lib.embeddings.settings import EmbeddingSettings
from shared_lib.settings import ServiceSettings


class QualitySettings(ServiceSettings):
    """The shared blocks, who makes vectors of texts, and how objects are swept."""

    embeddings: EmbeddingSettings = EmbeddingSettings()
    service: ServiceName = ServiceName.QUALITY
    object_sweep_s: float = Field(
        default=60.0, gt=0, description="Seconds between two searches for objects without a row."
    )

    @property
    def embedding_cache(self) -> Path:
        """Where what was measured about the model is kept on this machine."""
        return self.data.absolute() / "cache" / "embeddings"
