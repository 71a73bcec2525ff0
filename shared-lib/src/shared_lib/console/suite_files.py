"""Suites as people write them: YAML, of which JSON is a part (YAML 1.2)."""

import json

import yaml
from pydantic import ValidationError

from shared_lib.contracts.errors import InvalidInputError
from shared_lib.contracts.suites import Suite


class SuiteUnreadableError(InvalidInputError):
    """A suite is no YAML or JSON, or it asks for something that does not exist."""

    code = "suite_unreadable"
    title = "The suite cannot be read"


def read_suite(text: str) -> Suite:
    """The suite in a text.

    Raises:
        SuiteUnreadableError: with the place of the first mistake.
    """
    try:
        written = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SuiteUnreadableError(f"This is neither YAML nor JSON: {error}.") from error
    try:
        return Suite.model_validate_json(json.dumps(written, default=str))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the whole file"
        raise SuiteUnreadableError(f"{place}: {first['msg']}.", field=place) from error


def write_suite(suite: Suite) -> str:
    """The suite as YAML, without what is as it would be anyway."""
    written = suite.model_dump(mode="json", exclude_defaults=True)
    for check, dumped in zip(suite.checks, written["checks"], strict=True):
        dumped["check"] = check.check
    ordered = [{"check": c.pop("check"), **c} for c in written.pop("checks")]
    text: str = yaml.safe_dump(
        {**written, "checks": ordered}, sort_keys=False, allow_unicode=True, width=100
    )
    return text
