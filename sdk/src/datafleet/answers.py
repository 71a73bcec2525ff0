"""Answers to queries, into files."""

from dataclasses import dataclass
from pathlib import Path

import httpx

from datafleet.errors import UnreachableError
from datafleet.transport import Transport
from shared_lib.contracts.queries import QueryCreate

FORMS = {
    ".parquet": "application/vnd.apache.parquet",
    ".arrow": "application/vnd.apache.arrow.stream",
    ".csv": "text/csv",
    ".jsonl": "application/x-ndjson",
    ".json": "application/json",
}
"""What a file's ending says of its form."""


@dataclass(frozen=True)
class Answered:
    """A file with an answer in it; `truncated` when there were more rows than were asked for."""

    path: Path
    rows: int
    truncated: bool


def receive_answer(transport: Transport, path: str, *, body: QueryCreate, to: Path) -> Answered:
    """Write the answer beside its target, and move it into place when it is whole.

    Raises:
        UnreachableError: the connection broke; nothing is kept.
    """
    partial = to.with_name(f".{to.name}.part")
    content = body.model_dump_json(exclude_unset=True).encode()
    headers = {"Content-Type": "application/json", "Accept": FORMS[to.suffix]}
    try:
        with (
            transport.open("POST", path, content=content, headers=headers) as response,
            partial.open("wb") as file,
        ):
            try:
                for chunk in response.iter_bytes():
                    file.write(chunk)
            except httpx.HTTPError as error:
                raise UnreachableError(
                    "The connection broke in the middle of the answer."
                ) from error
            rows = int(response.headers.get("Fleet-Rows", 0))
            truncated = response.headers.get("Fleet-Truncated") == "true"
        partial.replace(to)
    finally:
        partial.unlink(missing_ok=True)
    return Answered(path=to, rows=rows, truncated=truncated)
