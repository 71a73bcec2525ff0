"""What can go wrong around a graph."""

from shared_lib.contracts.errors import (
    FleetError,
    InternalError,
    InvalidInputError,
    UnavailableError,
)


class GraphBeingMadeError(UnavailableError):
    """What was asked for is being made from the records and not done yet."""

    code = "graph_being_made"
    title = "The graph is being made"


class GraphFailedError(InternalError):
    """The job that makes it from the records has failed."""

    code = "graph_failed"
    title = "The graph could not be made"


class GroupsDamagedError(FleetError):
    """A file of clusters or categories is not what it should be."""

    code = "groups_damaged"
    title = "Clusters or categories cannot be read"


class RecordsDamagedError(InvalidInputError):
    """A line of a file of records is no record."""

    code = "records_damaged"
    title = "The records cannot be read"


class BoltAddressError(InvalidInputError):
    """The address of a graph database cannot be understood."""

    code = "bolt_address"
    title = "The address cannot be used"


class BoltUnreachableError(UnavailableError):
    """Nobody speaks bolt at the address."""

    code = "bolt_unreachable"
    title = "The graph database cannot be reached"


class BoltSignInError(InvalidInputError):
    """The graph database knows no such user, or another password."""

    code = "bolt_sign_in"
    title = "The graph database refuses the sign-in"


class BoltRefusedError(FleetError):
    """The graph database refuses a statement."""

    status = 502
    code = "bolt_refused"
    title = "The graph database refuses a statement"
