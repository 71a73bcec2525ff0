"""What can go wrong between a pipeline's repository and its results."""

from shared_lib.contracts.errors import FleetError, InvalidInputError, UnavailableError


class PipelineSourceError(UnavailableError):
    """The repository of pipelines cannot be read."""

    code = "pipeline_source_unreadable"
    title = "The pipelines cannot be read"


class PipelineNotFoundError(InvalidInputError):
    """The repository has no such pipeline, or not at that commit."""

    code = "pipeline_not_found"
    title = "No such pipeline"


class PipelineInvalidError(InvalidInputError):
    """A dvc.yaml, a params.yaml or a requirements.txt that cannot be used."""

    code = "pipeline_invalid"
    title = "The pipeline cannot be used"


class StageFailedError(FleetError):
    """A stage ended with an error of its own."""

    status = 422
    code = "stage_failed"
    title = "A stage failed"


class StageLimitError(FleetError):
    """A stage did more than it may and was ended."""

    status = 422
    code = "stage_limit"
    title = "A stage went over its limits"


class IsolationUnavailableError(FleetError):
    """Stages must run isolated, and this system does not let them."""

    code = "isolation_unavailable"
    title = "Stages cannot be isolated here"


class DvcFailedError(FleetError):
    """DVC itself failed, outside any stage."""

    code = "dvc_failed"
    title = "DVC failed"
    failure = "infrastructure"
