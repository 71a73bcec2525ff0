"""Ids: a prefix that names the kind, and a UUIDv7 (RFC 9562, section 5.7) that sorts by time."""

import os
import threading
import time
from enum import StrEnum


class IdKind(StrEnum):
    """What an id names; the value is its prefix."""

    AUDIT = "au"
    CONVERSION = "cv"
    DATASET = "ds"
    DATASET_VERSION = "dv"
    EVENT = "ev"
    FILE = "fi"
    FLOW = "fl"
    JUDGEMENT = "qj"
    KEY = "key"
    KNOWLEDGE_BASE = "kb"
    KNOWLEDGE_BUILD = "kbb"
    MODEL = "mdl"
    MODEL_VERSION = "mv"
    OVERRIDE = "ov"
    REPORT = "rp"
    REQUEST = "req"
    SESSION = "ses"
    SUITE = "su"
    TABLE = "tb"
    TABLE_CHANGE = "tc"
    TABLE_VERSION = "tv"
    TASK_DATASET = "tk"
    TENANT = "tn"
    TRAINING_DECISION = "td"
    TRAINING_JOB = "tj"
    TRIGGER = "tg"
    UPLOAD = "up"


_COUNTER_BITS = 12
_last_tick = 0
_lock = threading.Lock()


def _next_tick() -> int:
    """Milliseconds and a 12-bit counter in one integer, strictly growing within a process."""
    global _last_tick  # noqa: PLW0603 - RFC 9562 section 6.2 asks for a monotonic counter
    with _lock:
        now = (time.time_ns() // 1_000_000) << _COUNTER_BITS
        _last_tick = max(now, _last_tick + 1)
        return _last_tick


def uuid7_hex() -> str:
    """32 lowercase hex digits of a UUIDv7; later calls of a process give greater values."""
    tick = _next_tick()
    milliseconds, counter = tick >> _COUNTER_BITS, tick & 0xFFF
    random_62 = int.from_bytes(os.urandom(8), "big") & ((1 << 62) - 1)
    value = (milliseconds & ((1 << 48) - 1)) << 80 | 0x7 << 76 | counter << 64 | 0b10 << 62
    return f"{value | random_62:032x}"


def new_id(kind: IdKind) -> str:
    """A fresh id, such as ``ds_0198c2...``."""
    return f"{kind.value}_{uuid7_hex()}"


def new_job_id(owner: str) -> str:
    """A fresh job id; `owner` is the two letters of its service, so that ids route themselves."""
    return f"job_{owner}_{uuid7_hex()}"


def job_owner(job_id: str) -> str | None:
    """The two letters of the service that owns a job, or None when it is no job id."""
    parts = job_id.split("_")
    return parts[1] if len(parts) == 3 and parts[0] == "job" else None
