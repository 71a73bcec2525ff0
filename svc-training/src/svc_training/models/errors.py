"""What can be wrong with a request for a model."""

from shared_lib.contracts.errors import ConflictError, NotFoundError, UnavailableError


class ModelNotFoundError(NotFoundError):
    """No such model, or no such version of it, in this tenant."""

    code = "model_not_found"
    title = "No such model"


class NothingToRollBackError(ConflictError):
    """No other version was champion before."""

    code = "nothing_to_roll_back"
    title = "There is no champion of before"


class ChampionChangedError(UnavailableError):
    """The champion changed while it was compared with; the job compares again."""

    code = "champion_changed"
    title = "The champion changed meanwhile"
