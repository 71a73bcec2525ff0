"""What can be wrong with a request about groups."""

from shared_lib.contracts.errors import ConflictError, NotFoundError


class NotGroupedError(ConflictError):
    """The build that is searched has no clusters or no categories, or not yet."""

    code = "not_grouped"
    title = "The base is not grouped yet"


class GroupNotFoundError(NotFoundError):
    """No such cluster or category in the build that is searched."""

    code = "group_not_found"
    title = "No such cluster or category"
