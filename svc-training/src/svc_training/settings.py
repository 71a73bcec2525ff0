"""Settings of svc-training; environment variables with the prefix `FLEET_`."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, StringConstraints

from shared_lib.contracts.services import ServiceName
from shared_lib.settings import ServiceSettings
from shared_lib.settings.blocks import MEBIBYTE, Block


class PipelineSettings(Block):
    """Where pipelines come from."""

    source: str = Field(
        default="",
        description="A git address, a git folder, or a plain folder of pipelines. "
        "Empty: those that came with Datafleet.",
    )
    ref: str = Field(default="HEAD", description="Branch, tag or commit of a git source.")


class StageSettings(Block):
    """What a stage of a pipeline may do. Times are seconds, sizes bytes."""

    isolation: Literal["auto", "required", "none"] = Field(
        default="auto",
        description="auto: apart from network, secrets and other files where the system can; "
        "required: refuse to run where it cannot; none: as the worker's own user.",
    )
    processes: int = Field(default=2000, ge=301, description="Processes and threads at once.")
    disk_bytes: int = Field(
        default=50 * 1024 * MEBIBYTE, gt=0, description="What a job's working folder may hold."
    )
    tmp_bytes: int = Field(default=1024 * MEBIBYTE, gt=0, description="Its /tmp, in memory.")


class PromotionSettings(Block):
    """When a challenger becomes champion."""

    margin: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Share of the champion's mean loss by which a challenger must be better, with "
        "95 % confidence.",
    )


class GitHubSettings(Block):
    """How pull requests are told what became of a training."""

    api_url: Annotated[str, StringConstraints(pattern=r"^https?://[^@\s?#]+$")] = Field(
        default="https://api.github.com",
        description="Base address of the REST API; of an Enterprise server it ends in `/api/v3`.",
    )
    token: SecretStr = Field(
        default=SecretStr(""),
        description="May read and write comments of pull requests. Empty: none is told.",
    )
    repositories: list[str] = Field(
        default_factory=list,
        description="Where it may comment, as `owner/name` or `owner/*`. Empty: wherever the "
        "token may.",
    )
    timeout_s: float = Field(default=15.0, gt=0, description="Seconds to wait for an answer.")


class TrainingSettings(ServiceSettings):
    """The shared blocks, where pipelines come from, and what their stages may do."""

    service: ServiceName = ServiceName.TRAINING
    pipelines: PipelineSettings = PipelineSettings()
    stages: StageSettings = StageSettings()
    promotion: PromotionSettings = PromotionSettings()
    github: GitHubSettings = GitHubSettings()
    public_url: Annotated[str, StringConstraints(pattern=r"^(https?://[^@\s?#]+)?$")] = Field(
        default="",
        description="Where people reach the gateway: links in comments begin with it. Empty: a "
        "comment names commands instead.",
    )
    object_sweep_s: float = Field(
        default=60.0, gt=0, description="Seconds between two searches for objects without a row."
    )

    @property
    def training_folder(self) -> Path:
        """Mirrors of pipeline repositories and DVC's caches; may be deleted at any time."""
        return self.data.absolute() / "training"
