"""The kind of job that converts, and what can be wrong with asking for one."""

from shared_lib.contracts.errors import ConflictError, NotFoundError
from shared_lib.jobs.kinds import JobKind

CONVERT = "convert"

KIND = JobKind(
    name=CONVERT,
    run="svc_parquet.conversions.jobs:run",
    queue="parquet",
    preload=("svc_parquet.conversions.jobs",),
)


class ConversionNotFoundError(NotFoundError):
    """No such conversion in this tenant."""

    code = "conversion_not_found"
    title = "No such conversion"


class NothingToReplayError(ConflictError):
    """The conversion set no row aside, or is of a kind whose rows cannot be put back."""

    code = "nothing_to_replay"
    title = "Nothing to replay"


class FileNotKnownError(NotFoundError):
    """No such landed file in this tenant."""

    code = "file_not_known"
    title = "No such file"
