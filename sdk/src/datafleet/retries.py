"""When a request is sent again, and after how long."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

RETRIED_STATUSES = frozenset({429, 502, 503, 504})


@dataclass(frozen=True)
class RetryPolicy:
    """Bounds of trying again.

    Args:
        attempts: how often a request is sent at most.
        first_s: the wait before the second attempt; it doubles from one to the next.
        longest_s: no wait is longer; when the fleet asks for more, its answer is the error.
    """

    attempts: int = 4
    first_s: float = 0.25
    longest_s: float = 30.0

    def wait_s(self, attempt: int, *, retry_after_s: float | None = None) -> float:
        """Seconds to wait after that attempt, the first being 1.

        Half of the doubled wait is left to chance, so that clients that failed together do not
        come back together.
        """
        if retry_after_s is not None:
            return retry_after_s
        whole = min(self.first_s * 2.0 ** (attempt - 1), self.longest_s)
        return whole * random.uniform(0.5, 1.0)

    def again(self, attempt: int, *, status: int, retry_after_s: float | None) -> bool:
        """Whether an answer is worth another attempt."""
        if attempt >= self.attempts or (retry_after_s or 0) > self.longest_s:
            return False
        # A conflict passes by itself only when the fleet says when.
        return status in RETRIED_STATUSES or (status == 409 and retry_after_s is not None)


def read_retry_after(header: str | None, *, now: datetime | None = None) -> float | None:
    """Seconds that `Retry-After` (RFC 9110, section 10.2.3) asks for; None when it says nothing."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max((moment - (now or datetime.now(UTC))).total_seconds(), 0.0)
