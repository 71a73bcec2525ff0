"""The generated pages say what the code declares."""

from typing import Literal

import pytest
import reference
from pydantic import BaseModel, Field, SecretStr

from shared_lib.contracts.errors import NotFoundError


class Block(BaseModel):
    size: int = Field(default=3, description="How many | of them.")
    secret: SecretStr | None = None


class Settings(BaseModel):
    kind: Literal["a", "b"]
    block: Block = Block()
    urls: dict[str, str] = Field(default_factory=dict, description="Where\nthey are.")


def test_a_block_is_led_into_and_a_cell_stays_one_cell() -> None:
    assert list(reference._rows(Settings, prefix="FLEET_", delimiter="__")) == [
        "| `FLEET_KIND` | `a or b` | needed |  |",
        "| `FLEET_BLOCK__SIZE` | `int` | `3` | How many \\| of them. |",
        "| `FLEET_BLOCK__SECRET` | `SecretStr` | empty |  |",
        "| `FLEET_URLS` | `dict[str, str]` | empty | Where they are. |",
    ]


@pytest.mark.parametrize(
    ("annotation", "spelled"),
    [(int, "int"), (str | None, "str"), (list[int], "list[int]"), (Literal[1, 2], "1 or 2")],
)
def test_types_are_spelled_for_people(annotation: object, spelled: str) -> None:
    assert reference._spell(annotation) == spelled


def test_every_error_of_the_contracts_is_listed() -> None:
    page = reference.render_errors(["shared_lib"])

    assert f"| `{NotFoundError.code}` | 404 | {NotFoundError.title} |" in page
