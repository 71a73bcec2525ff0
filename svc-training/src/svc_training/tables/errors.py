"""Why a table version cannot be trained on."""

from shared_lib.contracts.errors import ConflictError, NotFoundError


class TableVersionNotFoundError(NotFoundError):
    """No such table version in this tenant."""

    code = "table_version_not_found"
    title = "No such table version"


class NotJudgedError(ConflictError):
    """Nothing says whether the version is good."""

    code = "not_judged"
    title = "The version is not judged"


class RefusedByGateError(ConflictError):
    """The version failed the gate."""

    code = "refused_by_gate"
    title = "The gate refuses the version"
