"""What can be wrong with a request for a suite."""

from shared_lib.contracts.errors import ConflictError, NotFoundError


class SuiteNotFoundError(NotFoundError):
    """No such suite in this tenant."""

    code = "suite_not_found"
    title = "No such suite"


class TableVersionNotKnownError(NotFoundError):
    """No such published table version in this tenant."""

    code = "table_version_not_known"
    title = "No such version of a table"


class NothingPublishedError(ConflictError):
    """The dataset has no table yet, so that nothing can be inferred of it."""

    code = "nothing_published"
    title = "The dataset has no table yet"


class ForeignReferenceError(ConflictError):
    """The reference is a version of another dataset's table."""

    code = "foreign_reference"
    title = "The reference belongs to another dataset"
