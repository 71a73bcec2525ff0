"""What can be wrong with a report, and with telling a pull request of it."""

from shared_lib.contracts.errors import (
    ConflictError,
    FleetError,
    InvalidInputError,
    NotFoundError,
    UnavailableError,
)


class ReportNotFoundError(NotFoundError):
    """There is no report of that training or decision, or not yet."""

    code = "report_not_found"
    title = "No such report"


class GitHubNotSetError(ConflictError):
    """A pull request is named, and the fleet has no token to comment with."""

    code = "github_not_set"
    title = "Pull requests cannot be told of anything"


class RepositoryNotAllowedError(InvalidInputError):
    """The fleet may not comment in that repository."""

    code = "repository_not_allowed"
    title = "The repository is not allowed"


class GitHubRefusedError(FleetError):
    """GitHub will not take the comment, however often it is asked."""

    status = 422
    code = "github_refused"
    title = "GitHub refuses the comment"


class GitHubUnavailableError(UnavailableError):
    """GitHub does not answer, or asks for patience.

    Args:
        detail: what happened.
        wait_s: how long GitHub asked not to be asked again.
    """

    code = "github_unavailable"
    title = "GitHub does not answer"

    def __init__(self, detail: str, *, wait_s: float = 0.0) -> None:
        super().__init__(detail)
        self.wait_s = wait_s


class CommentBusyError(UnavailableError):
    """Another job writes the same comment right now."""

    code = "comment_busy"
    title = "The comment is being written"
