"""What can be wrong with a request for a flow."""

from shared_lib.contracts.errors import NotFoundError


class FlowNotFoundError(NotFoundError):
    """No such flow in this tenant."""

    code = "flow_not_found"
    title = "No such flow"
