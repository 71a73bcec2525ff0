"""Settings of svc-knowledgebase; environment variables with the prefix `FLEET_`."""

from pathlib import Path

from pydantic import BaseModel, Field, model_validator

from shared_lib.contracts.services import ServiceName
from shared_lib.embeddings.settings import EmbeddingSettings
from shared_lib.settings import ServiceSettings
from svc_knowledgebase.graph.settings import GraphQuerySettings


class SharedFolder(BaseModel):
    """A folder that knowledge bases may read, or objects that others put into the store.

    What the fleet itself keeps there lies beside `imports/`, so no prefix reaches it.
    """

    path: Path | None = Field(default=None, description="The folder.")
    prefix: str | None = Field(
        default=None, pattern=r"^imports/([\w-][\w.-]*/)*$", description="What the keys begin with."
    )
    tenants: list[str] = Field(min_length=1, description="Who may read it; * is everybody.")

    @model_validator(mode="after")
    def _is_one(self) -> "SharedFolder":
        if (self.path is None) == (self.prefix is None):
            raise ValueError("give either a path or a prefix")
        return self


class KnowledgebaseSettings(ServiceSettings):
    """The shared blocks, who makes vectors, how graphs are asked, and how objects are swept."""

    embeddings: EmbeddingSettings = EmbeddingSettings()
    service: ServiceName = ServiceName.KNOWLEDGEBASE
    grouping: bool = Field(
        default=True,
        description="Make clusters and categories of a build by itself when it is embedded; false: "
        "only when they are chosen anew.",
    )
    graph_queries: GraphQuerySettings = GraphQuerySettings()
    object_sweep_s: float = Field(
        default=60.0, gt=0, description="Seconds between two searches for objects without a row."
    )

    folders: dict[str, SharedFolder] = Field(
        default={},
        description='Folders that bases may read, by name, as JSON: `{"manuals": {"path": '
        '"/srv/manuals", "tenants": ["default"]}}`. API and workers see them at the same path. '
        'With `"prefix": "imports/..."` instead of the path, objects of the store are read.',
    )

    @property
    def embedding_cache(self) -> Path:
        """Where what was measured about the model is kept on this machine."""
        return self.data.absolute() / "cache" / "embeddings"
