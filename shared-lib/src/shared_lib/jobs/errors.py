"""What can go wrong around a job, apart from the job's own work."""

from shared_lib.contracts.errors import ConflictError, FleetError, NotFoundError


class JobNotFoundError(NotFoundError):
    """No such job in this tenant."""

    code = "job_not_found"
    title = "No such job"


class JobAlreadyEndedError(ConflictError):
    """A job that has ended cannot be cancelled."""

    code = "job_already_ended"
    title = "The job has ended"


class LeaseLostError(FleetError):
    """Another worker has the job now; what this one made is discarded."""

    code = "lease_lost"
    title = "The job belongs to another worker now"
    failure = "infrastructure"


class ChildDiedError(FleetError):
    """The job's process ended without saying anything."""

    code = "job_process_died"
    title = "The job's process ended unexpectedly"
    failure = "infrastructure"


class TimeLimitError(FleetError):
    """The job ran longer than it may."""

    code = "job_time_limit"
    title = "The job took too long"
    failure = "timeout"


class MemoryLimitError(FleetError):
    """The job's processes held more memory than they may."""

    code = "job_memory_limit"
    title = "The job needs more memory than it may use"


class LeaseExpiredError(FleetError):
    """No worker renewed the claim; the last try was one too many."""

    code = "job_lease_expired"
    title = "The job's worker disappeared"
    failure = "infrastructure"


class FileLimitError(FleetError):
    """The job wrote a larger file than it may."""

    code = "job_file_limit"
    title = "The job wrote too large a file"


class JobFailedError(FleetError):
    """The job's code raised something that it did not foresee."""

    code = "job_failed"
    title = "The job failed unexpectedly"
    failure = "infrastructure"
