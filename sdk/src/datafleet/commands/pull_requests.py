"""`--pull-request OWNER/NAME#NUMBER`, which several commands take."""

import click
from pydantic import ValidationError

from shared_lib.contracts.pull_requests import PullRequest

pull_request_option = click.option(
    "--pull-request",
    metavar="OWNER/NAME#NUMBER",
    help="Is told what became of it, in one comment of each model.",
)


def read_pull_request(word: str | None) -> PullRequest | None:
    """A pull request as people write it; None when none was named.

    Raises:
        BadParameter: it has another form.
    """
    if word is None:
        return None
    repository, _, number = word.rpartition("#")
    try:
        return PullRequest.model_validate({"repository": repository, "number": number})
    except ValidationError as error:
        said = f"{word!r} is not like owner/name#7."
        raise click.BadParameter(said, param_hint="--pull-request") from error
