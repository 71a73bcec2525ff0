"""The shape every contract has: unknown fields are refused, times are UTC with a `Z`."""

from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer


def utc_now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def _as_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a time needs its zone: end it with Z")
    return value.astimezone(UTC)


def format_utc(value: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and a `Z`, the only way times leave the fleet."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


UtcTime = Annotated[
    datetime,
    AfterValidator(_as_utc),
    PlainSerializer(format_utc, return_type=str, when_used="json"),
]


class Contract(BaseModel):
    """A message between two parties. Unknown fields are an error on both sides."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )


ItemT = TypeVar("ItemT")


class Page(Contract, Generic[ItemT]):
    """One keyset page. `next` is the cursor of the following page, or null at the end."""

    items: list[ItemT]
    next: str | None = Field(default=None, description="Give it as `cursor` to read on.")
