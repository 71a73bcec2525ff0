"""Pull requests that are told what became of a training."""

from typing import Annotated

from pydantic import Field, StringConstraints

from shared_lib.contracts.base import Contract

RepositoryName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}$")
]
"""`owner/name` as GitHub spells it."""


class PullRequest(Contract):
    """A pull request on GitHub; each model has one comment there, which is updated in place."""

    repository: RepositoryName
    number: Annotated[int, Field(ge=1, lt=2**31)]
