"""What can be wrong with a request for a table."""

from shared_lib.contracts.errors import ConflictError, FleetError, NotFoundError


class TableNotFoundError(NotFoundError):
    """No such table in this tenant."""

    code = "table_not_found"
    title = "No such table"


class TableVersionNotFoundError(NotFoundError):
    """The table has no version with that number."""

    code = "table_version_not_found"
    title = "No such version of the table"


class NothingQuarantinedError(NotFoundError):
    """Every row of the version was converted."""

    code = "nothing_quarantined"
    title = "Nothing is in quarantine"


class TableNotPublishedError(ConflictError):
    """The first conversion has not finished, or it failed."""

    code = "table_not_published"
    title = "The table has no version yet"


class NotAcceptableError(FleetError):
    """The version is offered in another form only."""

    status = 406
    code = "not_acceptable"
    title = "Not offered in that form"


class SeveralPartsError(ConflictError):
    """The version is several Parquet files, and none of them was asked for."""

    code = "several_parts"
    title = "The version has several parts"


class PartNotFoundError(NotFoundError):
    """The version has fewer parts."""

    code = "part_not_found"
    title = "No such part"
