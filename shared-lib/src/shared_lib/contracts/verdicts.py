"""The gate's verdict, which the catalog stores on a version."""

from enum import StrEnum


class Verdict(StrEnum):
    """The outcome for a table version, or for all tables of a dataset version: the worst."""

    PASSED = "passed"
    WARNED = "warned"
    FAILED = "failed"
