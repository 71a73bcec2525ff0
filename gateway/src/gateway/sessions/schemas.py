"""Signing in."""

from typing import Annotated

from pydantic import Field, StringConstraints

from shared_lib.contracts.base import Contract


class SessionCreate(Contract):
    """The body of `POST /v1/sessions`."""

    key: Annotated[str, StringConstraints(min_length=1, max_length=200)] = Field(
        description="A whole key, `fleet_…`."
    )
