"""What can be wrong with a request for a training job."""

from shared_lib.contracts.errors import NotFoundError


class TrainingJobNotFoundError(NotFoundError):
    """No such training job in this tenant."""

    code = "training_job_not_found"
    title = "No such training job"


class ArtifactNotFoundError(NotFoundError):
    """The training job left no such file."""

    code = "artifact_not_found"
    title = "No such artifact"
