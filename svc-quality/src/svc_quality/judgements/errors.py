"""What can be wrong with a request for a judgement."""

from shared_lib.contracts.errors import ConflictError, InvalidInputError, NotFoundError


class JudgementNotFoundError(NotFoundError):
    """No such judgement in this tenant."""

    code = "judgement_not_found"
    title = "No such judgement"


class NotJudgedYetError(ConflictError):
    """The job has not ended, or it failed: there is no report and nothing to override."""

    code = "not_judged_yet"
    title = "There is no verdict yet"


class NothingToOverrideError(ConflictError):
    """The version passes without it."""

    code = "nothing_to_override"
    title = "There is nothing to override"


class UnknownCheckError(InvalidInputError):
    """An override names a check that did not fail."""

    code = "unknown_check"
    title = "No such failing check"
