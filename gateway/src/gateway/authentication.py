"""Telling who asks: a key in `Authorization`, or a session's cookie.

A credential is looked up by its HMAC, never by its own text, and what was found is remembered for
five seconds: within that time a revocation made in another process takes effect. Both caches are
bounded; an unknown key costs no query, since its check sum has to fit first.
"""

import asyncio
import hmac
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from gateway.dispatcher.errors import CredentialsMalformedError, CredentialsMissingError
from gateway.keys.codec import parse_key
from gateway.keys.errors import KeyExpiredError, KeyRevokedError, KeyUnknownError
from gateway.keys.models import KeyRow
from gateway.keys.repository import KeyRepository
from gateway.principal import Principal, principal_of_key
from gateway.secrets_store import Pepper
from gateway.sessions.errors import SessionExpiredError, SessionUnknownError
from gateway.sessions.repository import SessionRepository
from gateway.sessions.service import COOKIE
from gateway.tenants.models import TenantRow
from shared_lib.contracts.base import utc_now
from shared_lib.contracts.errors import UnauthenticatedError
from shared_lib.contracts.scopes import Role
from shared_lib.db.engine import Database

REMEMBERED_S = 5.0
MAX_REMEMBERED = 20_000
LOOKUP_THREADS = 4
MAX_COOKIE_VALUE = 100

_COOKIE = COOKIE.encode() + b"="


class Authenticator:
    """Finds the principal of a credential.

    Args:
        database: the gateway's.
        used: called with a key's id and a time when it was looked up, for `last_used_at`.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        database: Database,
        *,
        pepper: Pepper,
        used: Callable[[str, datetime], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._pepper = pepper
        self._used = used
        self._clock = clock
        self._good: dict[bytes, tuple[float, Principal]] = {}
        self._bad: dict[bytes, tuple[float, UnauthenticatedError]] = {}
        self._pending: dict[bytes, asyncio.Future[Principal]] = {}
        self._threads = ThreadPoolExecutor(LOOKUP_THREADS, thread_name_prefix="authentication")

    def close(self) -> None:
        """Let go of the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def find(self, *, authorization: bytes | None, cookie: bytes | None) -> Principal:
        """Who sent these headers; `Authorization` counts before a cookie.

        Raises:
            UnauthenticatedError: nobody that we know; its subclass says why.
            UnavailableError: the database does not answer.
        """
        if authorization is not None:
            if authorization[:7].lower() != b"bearer ":
                raise CredentialsMalformedError("Send the key as `Authorization: Bearer fleet_…`.")
            text = authorization[7:].strip()
            return self._recall(text) or await self._look_up(text, load=self._load_key)
        value = session_value(cookie)
        if value is None:
            raise CredentialsMissingError(
                "Send a key as `Authorization: Bearer fleet_…`, or sign in at /login."
            )
        return self._recall(value) or await self._look_up(value, load=self._load_session)

    def forget(self, name: str) -> None:
        """Let go of everything remembered about a key or a session, at once in this process."""
        self._good = {
            digest: known
            for digest, known in self._good.items()
            if name not in (known[1].caller.subject, known[1].session_id)
        }

    def _recall(self, secret: bytes) -> Principal | None:
        digest = self._pepper.digest(secret)
        known = self._good.get(digest)
        if known is not None:
            now = self._clock()
            expires_at = known[1].expires_at
            if now < known[0] and (expires_at is None or now < expires_at):
                return known[1]
        refused = self._bad.get(digest)
        if refused is not None and self._clock() < refused[0]:
            raise refused[1].with_traceback(None)
        return None

    async def _look_up(
        self, secret: bytes, *, load: Callable[[bytes, bytes], Principal]
    ) -> Principal:
        """Ask the database once, however many requests wait for the same answer."""
        digest = self._pepper.digest(secret)
        pending = self._pending.get(digest)
        if pending is None:
            loop = asyncio.get_running_loop()
            pending = loop.run_in_executor(self._threads, load, secret, digest)
            self._pending[digest] = pending
            pending.add_done_callback(lambda done: self._remember(digest, done))
        # A client that goes away must not cancel what others wait for.
        return await asyncio.shield(pending)

    def _remember(self, digest: bytes, done: "asyncio.Future[Principal]") -> None:
        self._pending.pop(digest, None)
        if done.cancelled():
            return
        until, error = self._clock() + REMEMBERED_S, done.exception()
        if error is None:
            if len(self._good) >= MAX_REMEMBERED:
                self._good.clear()
            self._good[digest] = (until, done.result())
        elif isinstance(error, UnauthenticatedError):
            if len(self._bad) >= MAX_REMEMBERED:
                self._bad.clear()
            self._bad[digest] = (until, error)

    def _load_key(self, secret: bytes, digest: bytes) -> Principal:
        parsed = parse_key(secret.decode("latin-1"))
        with self._database.read() as view:
            found = KeyRepository(view).with_tenant(parsed.id)
            if found is None or not hmac.compare_digest(found[0].digest, digest):
                raise KeyUnknownError("Nobody has this key. Ask an admin of your tenant for one.")
            return self._principal(*found)

    def _load_session(self, _secret: bytes, digest: bytes) -> Principal:
        with self._database.read() as view:
            found = SessionRepository(view).with_key(digest)
            if found is None or found[0].ended_at is not None:
                raise SessionUnknownError("This session is over. Sign in again at /login.")
            session, key, tenant = found
            if session.expires_at <= utc_now():
                raise SessionExpiredError("This session has expired. Sign in again at /login.")
            return self._principal(
                key, tenant, session_id=session.id, ends=session.expires_at.timestamp()
            )

    def _principal(
        self,
        key: KeyRow,
        tenant: TenantRow,
        *,
        session_id: str | None = None,
        ends: float | None = None,
    ) -> Principal:
        now = utc_now()
        if key.revoked_at is not None:
            raise KeyRevokedError("This key was revoked. Ask an admin of your tenant for another.")
        if key.expires_at is not None and key.expires_at <= now:
            raise KeyExpiredError("This key has expired. Ask an admin of your tenant for another.")
        expiries = [key.expires_at.timestamp()] if key.expires_at is not None else []
        expiries += [ends] if ends is not None else []
        self._used(key.id, now)
        return principal_of_key(
            key.id,
            key_name=key.name,
            role=Role(key.role),
            tenant=tenant.id,
            tenant_name=tenant.name,
            expires_at=min(expiries, default=None),
            session_id=session_id,
        )


def session_value(cookie: bytes | None) -> bytes | None:
    """The value of the session's cookie in a `Cookie` header."""
    if cookie is None:
        return None
    for part in cookie.split(b";"):
        text = part.strip()
        if text.startswith(_COOKIE):
            value = text[len(_COOKIE) :]
            return value if 0 < len(value) <= MAX_COOKIE_VALUE else None
    return None
