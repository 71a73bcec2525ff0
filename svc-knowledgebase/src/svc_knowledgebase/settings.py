"""Settings of svc-knowledgebase; environment variables with the prefix `FLEET_`."""

from pydantic import Field

from shared_lib.contracts.services import ServiceName
from shared_lib.settings import ServiceSettings
from svc_knowledgebase.graph.settings import GraphQuerySettings


class KnowledgebaseSettings(ServiceSettings):
    """The shared blocks, how graphs are asked, and how often unnamed objects are looked for."""

    service: ServiceName = ServiceName.KNOWLEDGEBASE
    graph_queries: GraphQuerySettings = GraphQuerySettings()
    object_sweep_s: float = Field(
        default=60.0, gt=0, description="Seconds between two searches for objects without a row."
    )
