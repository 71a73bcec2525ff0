"""How questions to graphs are bounded. Times are seconds, sizes bytes."""

from pydantic import Field

from shared_lib.settings.blocks import MEBIBYTE, Block


class GraphQuerySettings(Block):
    """A query process is started with the first query and kept while they come."""

    children: int = Field(default=1, ge=1, description="Queries that run at the same time.")
    threads: int = Field(default=2, ge=1, description="Threads of each.")
    time_limit_s: float = Field(default=20.0, gt=0, description="A longer query is ended.")
    memory_limit_bytes: int = Field(
        default=512 * MEBIBYTE, ge=64 * MEBIBYTE, description="Of the engine, for each query."
    )
    max_bytes: int = Field(default=16 * MEBIBYTE, ge=1024, description="Of an answer.")
    idle_s: float = Field(
        default=60.0, gt=0, description="A process that nobody asked for so long is ended."
    )
