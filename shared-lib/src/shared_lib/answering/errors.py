"""Why a question has no answer."""

from shared_lib.contracts.errors import (
    FleetError,
    InternalError,
    InvalidInputError,
    UnavailableError,
)


class QueryRefusedError(InvalidInputError):
    """The query does more than read what it is asked of."""

    code = "query_refused"
    title = "The query is not allowed"


class QueryFailedError(InvalidInputError):
    """The query cannot be read, or fails on the data."""

    code = "query_failed"
    title = "The query cannot be answered"


class QueryTimeLimitError(InvalidInputError):
    """The query did not end in time."""

    code = "query_time_limit"
    title = "The query takes too long"


class QueryMemoryLimitError(InvalidInputError):
    """The query needs more memory than a query may have."""

    code = "query_memory_limit"
    title = "The query needs too much memory"


class ResultTooLargeError(FleetError):
    """The answer is larger than an answer may be."""

    status = 413
    code = "result_too_large"
    title = "The answer is too large"


class QueriesBusyError(UnavailableError):
    """All processes that answer queries are at work."""

    code = "queries_busy"
    title = "Too many queries at once"


class QueryProcessError(InternalError):
    """The process that answers queries ended in the middle of one."""

    code = "query_process_ended"
    title = "The query process ended"


FROM_CHILD: dict[str, type[FleetError]] = {
    error.code: error
    for error in (
        QueryRefusedError,
        QueryFailedError,
        QueryTimeLimitError,
        QueryMemoryLimitError,
        ResultTooLargeError,
    )
}
"""What an answering process may say, by code."""
