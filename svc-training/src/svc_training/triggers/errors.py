"""What can be wrong with a request for a trigger."""

from shared_lib.contracts.errors import NotFoundError


class TriggerNotFoundError(NotFoundError):
    """No such trigger in this tenant."""

    code = "trigger_not_found"
    title = "No such trigger"
