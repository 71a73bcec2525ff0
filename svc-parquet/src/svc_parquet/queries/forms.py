"""The forms of an answer, by what `Accept` calls them."""

from enum import StrEnum


class Form(StrEnum):
    """How rows are written."""

    JSON = "application/json"
    NDJSON = "application/x-ndjson"
    CSV = "text/csv"
    PARQUET = "application/vnd.apache.parquet"
    ARROW = "application/vnd.apache.arrow.stream"


def accepted(header: str) -> Form | None:
    """The first form that an `Accept` header names; JSON when it takes anything."""
    for offer in header.split(","):
        name = offer.split(";")[0].strip().lower()
        if name in ("*/*", "application/*", ""):
            return Form.JSON
        if name == "text/*":
            return Form.CSV
        if name in set(Form):
            return Form(name)
    return None
