"""What can be wrong with a check, as opposed to with a table."""

from shared_lib.contracts.errors import FleetError, InvalidInputError


class CheckCannotRunError(InvalidInputError):
    """A check asks of a column what its type cannot answer."""

    code = "check_cannot_run"
    title = "A check cannot be run"


class NoTableError(FleetError):
    """A file is no Parquet, or it is damaged."""

    status = 422
    code = "no_table"
    title = "This is no table"
