"""What a flow brings through its steps."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Subject:
    """A landed file; or, where a version is made from a table, the version.

    Attributes:
        path: what people call it.
        sha256: of a file; a version that is made has none.
    """

    id: str
    path: str
    at: datetime
    bytes: int = 0
    sha256: str | None = None
