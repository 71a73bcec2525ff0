"""What the registry of models answers: versions, aliases, and why an alias moved."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from shared_lib.contracts.base import Contract, UtcTime
from shared_lib.contracts.training import ArtifactView

Alias = Literal["champion", "challenger"]

PromotionRule = Literal["first", "better", "not_better", "not_comparable", "person", "rollback"]


class Comparison(Contract):
    """Two models on the same rows: a paired bootstrap of the difference of their mean losses.

    `low` and `high` bound challenger minus champion with 95 % confidence; below zero is better.
    """

    rows: int
    champion_version: int
    champion_loss: float
    challenger_loss: float
    low: float
    high: float
    margin: float = Field(description="What `high` must be below for the challenger to win.")


class AliasMove(Contract):
    """That an alias began to name another version, and why."""

    alias: Alias
    version: int
    before: int | None = None
    rule: PromotionRule
    reason: str
    subject: str | None = Field(default=None, description="Who moved it; null: the comparison.")
    comparison: Comparison | None = None
    at: UtcTime


class ModelVersionView(Contract):
    """A trained model and all it came from."""

    model: str
    version: int
    aliases: list[Alias]
    training_job_id: str
    job_id: str
    pipeline: str
    commit: str
    lock_sha256: str
    dataset: str
    data_version: int
    table_version_id: str
    test_table_version_id: str
    flow_id: str | None
    verdict: str
    metrics: dict[str, float]
    artifacts: list[ArtifactView]
    created_at: UtcTime


class ModelView(Contract):
    """A model: what one pipeline learns from one table."""

    name: str
    pipeline: str
    dataset: str
    versions: int
    champion: int | None = None
    challenger: int | None = None
    created_at: UtcTime


class AliasSet(Contract):
    """The body of `PUT /v1/models/{model}/aliases/{alias}`."""

    version: int
    reason: Annotated[str, StringConstraints(min_length=10, max_length=2000)]


class Rollback(Contract):
    """The body of `POST /v1/models/{model}/rollback`: the champion of before is it again."""

    reason: Annotated[str, StringConstraints(min_length=10, max_length=2000)]
