"""Limits: requests a second by GCRA, requests in flight, bytes of a body.

GCRA (generic cell rate algorithm, ITU-T I.371) keeps one number a tenant: the time at which its
bucket would be empty. It admits exactly `burst` at once and `rate` a second after that, and costs
a fraction of a microsecond. Each gateway process counts for itself.
"""

import asyncio
import math
import time
from collections.abc import Callable

from starlette.types import Message, Receive

from gateway.dispatcher.errors import (
    BodyTimeoutError,
    BodyTooLargeError,
    BusyError,
    RateLimitedError,
)
from shared_lib.contracts.errors import FleetError

MAX_TRACKED = 100_000


class RateLimiter:
    """One bucket a name.

    Args:
        name: what a bucket is for, as the RateLimit headers say it.
        rate: requests a second in the long run.
        burst: requests at once.
        clock: seconds from any start, never going back.
    """

    def __init__(
        self,
        name: str,
        *,
        rate: float,
        burst: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._interval = 1.0 / rate
        self._tolerance = self._interval * burst
        self._burst = burst
        self._clock = clock
        self._empty_at: dict[str, float] = {}
        self._name = name
        window = max(1, math.ceil(self._tolerance))
        self.policy = (b"ratelimit-policy", f'"{name}";q={burst};w={window}'.encode())

    def admit(self, bucket: str) -> int:
        """Count one request.

        Returns:
            How many more would be admitted right now.

        Raises:
            RateLimitedError: the bucket is full; `Retry-After` says for how long.
        """
        now = self._clock()
        empty_at = max(self._empty_at.get(bucket, now), now)
        # Half a nanosecond forgives the rounding of sums of intervals.
        room = now + self._tolerance - empty_at + 5e-10
        if room < self._interval:
            raise self._refuse(wait=self._interval - room)
        if len(self._empty_at) >= MAX_TRACKED:
            self._forget(now)
        self._empty_at[bucket] = empty_at + self._interval
        return int(room / self._interval) - 1

    def header(self, remaining: int) -> tuple[bytes, bytes]:
        """The `RateLimit` header (draft-ietf-httpapi-ratelimit-headers)."""
        return (b"ratelimit", b'"%s";r=%d' % (self._name.encode(), remaining))

    def _refuse(self, *, wait: float) -> RateLimitedError:
        seconds = max(1, math.ceil(wait))
        return RateLimitedError(
            f"The limit of {1 / self._interval:g} requests a second ({self._burst} at once) is "
            f"used up. Try again in {seconds} s.",
            headers={
                "Retry-After": str(seconds),
                "RateLimit-Policy": self.policy[1].decode(),
                "RateLimit": f'"{self._name}";r=0;t={seconds}',
            },
        )

    def _forget(self, now: float) -> None:
        """Drop buckets that are empty again. If all are in use, drop all: each then admits at
        most one more `burst`."""
        self._empty_at = {name: at for name, at in self._empty_at.items() if at > now}
        if len(self._empty_at) >= MAX_TRACKED:
            self._empty_at.clear()


class InFlight:
    """How many requests each route keeps open, and a cap on it."""

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self.open: dict[str, int] = {}

    def enter(self, route: str) -> None:
        """Count one in.

        Raises:
            BusyError: the cap is reached.
        """
        count = self.open.get(route, 0)
        if count >= self._cap:
            raise BusyError(
                f"{count} requests to {route} are being answered, which is the limit. "
                "Try again in a second.",
                headers={"Retry-After": "1"},
            )
        self.open[route] = count + 1

    def leave(self, route: str) -> None:
        """Count one out."""
        self.open[route] -= 1


class LimitedBody:
    """A `receive` that counts the bytes of a body and stops at the limit, or when none come.

    Attributes:
        limit: bytes that are allowed.
        size: bytes so far.
        complete: whether the last byte was received, or the client is gone.
        failed: why it stopped, when it did.
    """

    __slots__ = ("_idle_s", "_receive", "complete", "failed", "limit", "size")

    def __init__(self, receive: Receive, *, limit: int, idle_s: float) -> None:
        self._receive = receive
        self.limit = limit
        self._idle_s = idle_s
        self.size = 0
        self.complete = False
        self.failed: FleetError | None = None

    async def __call__(self) -> Message:
        """The next message.

        Raises:
            BodyTooLargeError: more bytes came than are allowed.
            BodyTimeoutError: the client stopped sending.
        """
        if self.complete:
            # Somebody waits for the client to go away, however long that takes.
            return await self._receive()
        if self.failed is not None:
            raise self.failed
        try:
            async with asyncio.timeout(self._idle_s):
                message = await self._receive()
        except TimeoutError as error:
            self.failed = BodyTimeoutError(
                f"No byte of the body came for {self._idle_s:g} s. Send it again."
            )
            raise self.failed from error
        self._count(message)
        return message

    async def drain(self, *, most: int, seconds: float) -> None:
        """Read and drop what is still coming, within bounds."""
        try:
            async with asyncio.timeout(seconds):
                while not self.complete and most > 0:
                    message = await self._receive()
                    most -= len(message.get("body", b""))
                    self._finish(message)
        except TimeoutError:
            return

    def _count(self, message: Message) -> None:
        self.size += len(message.get("body", b""))
        if self.size > self.limit:
            self.failed = too_large(self.limit)
            raise self.failed
        self._finish(message)

    def _finish(self, message: Message) -> None:
        if message["type"] != "http.request" or not message.get("more_body", False):
            self.complete = True


def too_large(limit: int) -> BodyTooLargeError:
    """The error for a body above `limit` bytes."""
    return BodyTooLargeError(
        f"A body may have at most {limit} bytes here. Files go to PUT /v1/uploads.", limit=limit
    )
