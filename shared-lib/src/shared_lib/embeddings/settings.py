"""Who makes vectors, and how."""

from typing import Literal, Self

from pydantic import Field, model_validator

from shared_lib.settings.blocks import Block

Precision = Literal["auto", "fp32", "bf16", "int8"]


class EmbeddingSettings(Block):
    """`FLEET_EMBEDDINGS__…`: nothing leaves the machine unless `provider` says so."""

    provider: Literal["local", "openai", "none"] = Field(
        default="local",
        description="local: sentence-transformers on this machine; openai: an endpoint that speaks "
        "OpenAI's API; none: search compares words only, and texts cannot be checked for drift.",
    )
    model: str = Field(
        default="",
        description="local: a folder, or a hub's id, which is then downloaded; empty: the packaged "
        "all-MiniLM-L6-v2, which needs no network. openai: the model's name.",
    )
    url: str = Field(
        default="",
        description="openai: the endpoint, such as https://host/v1 (`/embeddings` follows).",
    )
    api_key: str = Field(default="", repr=False, description="openai: sent as a bearer token.")
    precision: Precision = Field(
        default="auto",
        description="auto: bf16 or int8 where it is measured to be faster and to find the same "
        "neighbours as fp32.",
    )
    threads: int = Field(default=0, ge=0, description="Processor threads of the model; 0: all.")
    batch: int = Field(default=256, ge=1, le=2048, description="Texts that are sent at a time.")
    time_limit_s: float = Field(default=900, gt=0, description="A batch that takes longer failed.")
    idle_s: float = Field(
        default=300, gt=0, description="The process that embeds questions rests after this."
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.provider == "openai" and not (self.url and self.model):
            raise ValueError(
                "provider openai needs FLEET_EMBEDDINGS__URL and FLEET_EMBEDDINGS__MODEL"
            )
        return self
