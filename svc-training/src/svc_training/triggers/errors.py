"""What can be wrong with a request for a trigger, or to a trigger."""

from shared_lib.contracts.errors import ConflictError, InvalidInputError, NotFoundError


class TriggerNotFoundError(NotFoundError):
    """No such trigger in this tenant."""

    code = "trigger_not_found"
    title = "No such trigger"


class ScheduleInvalidError(InvalidInputError):
    """These words are no schedule, or name a time that never comes."""

    code = "schedule_invalid"
    title = "The schedule cannot be read"


class NothingJudgedError(ConflictError):
    """A trigger is asked, and no version of its dataset has been judged yet."""

    code = "nothing_judged"
    title = "There is nothing to decide on"
