"""The root of all errors, without the models: a process that lives for milliseconds loads this."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    from shared_lib.contracts.errors import Problem

FailureKind = Literal["user", "infrastructure", "timeout"]


class FleetError(Exception):
    """The root of all errors that a person or a program may be shown.

    Args:
        detail: one or two sentences: what went wrong, where, and what to do.
        place: members added to the problem, such as ``field``, ``row``, ``line`` or ``byte``.
        headers: HTTP headers the answer must carry, such as ``Retry-After``.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Something failed on our side"
    failure: ClassVar[FailureKind] = "user"
    wait_s: float = 0.0
    """Seconds that a job lets pass before its next try, because who was asked said so."""

    def __init__(
        self, detail: str, *, headers: Mapping[str, str] | None = None, **place: Any
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.place = place
        self.headers = dict(headers or {})

    def problem(self, *, request_id: str | None = None, flow_id: str | None = None) -> "Problem":
        """The problem+json body of this error."""
        from shared_lib.contracts.errors import Problem  # noqa: PLC0415 - pydantic, when shown

        return Problem(
            type=f"urn:datafleet:error:{self.code}",
            title=self.title,
            status=self.status,
            code=self.code,
            detail=self.detail,
            request_id=request_id,
            flow_id=flow_id,
            **self.place,
        )
