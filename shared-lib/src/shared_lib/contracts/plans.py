"""What is asked of a flow when it begins: the suite that judges, the pipeline that trains.

A plan travels with the flow's events, so that every service finds in them what is its to do.
"""

from typing import Annotated

from pydantic import Field, JsonValue, StringConstraints, model_validator

from shared_lib.contracts.base import Contract
from shared_lib.contracts.pull_requests import PullRequest
from shared_lib.contracts.suites import SuiteName

PipelineName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$")]
"""The pipeline's folder in its repository, with forward slashes."""

Params = dict[Annotated[str, StringConstraints(min_length=1, max_length=200)], JsonValue]
"""Changed params by their dotted names, such as `train.c`."""


class Resources(Contract):
    """What a training needs of a worker that not every worker has."""

    gpu: Annotated[int, Field(ge=0, le=1)] = Field(
        default=0, description="1: it runs on a worker that has a GPU, with one for itself."
    )


class FlowPlan(Contract):
    """What shall become of a flow's tables, beside what suites and triggers do anyway.

    The pipeline is trained on what the gate lets pass, and on nothing else.
    """

    suite: SuiteName | None = Field(
        default=None,
        description="A suite of the dataset. When there is none of that name it is made of the "
        "table that this flow publishes, which becomes its reference.",
    )
    label: str | None = Field(
        default=None, description="The column that a model predicts, for a suite that is made."
    )
    pipeline: PipelineName | None = Field(
        default=None, description="Trained when the gate has let the table pass."
    )
    params: Params = Field(default={}, description="Of the pipeline.")
    resources: Resources | None = Field(
        default=None, description="Left out: what the pipeline's stages ask for."
    )
    pull_request: PullRequest | None = Field(
        default=None, description="Told what became of the pipeline, in one comment of each model."
    )

    @model_validator(mode="after")
    def _parts_belong_together(self) -> "FlowPlan":
        if self.resources is not None and self.pipeline is None:
            raise ValueError("`resources` are those of a pipeline: name it in `pipeline`")
        if self.params and self.pipeline is None:
            raise ValueError("`params` are those of a pipeline: name it in `pipeline`")
        if self.pull_request is not None and self.pipeline is None:
            raise ValueError("`pull_request` is told of a pipeline: name it in `pipeline`")
        if self.label is not None and self.suite is None:
            raise ValueError("`label` is of the suite that is made: name it in `suite`")
        return self
