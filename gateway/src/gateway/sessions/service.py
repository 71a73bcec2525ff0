"""Signing in and out with a browser."""

import secrets
from collections.abc import Callable
from datetime import timedelta

from starlette.responses import Response

from gateway.audit.service import Actor, Audit
from gateway.principal import Principal
from gateway.secrets_store import Pepper
from gateway.sessions.models import SessionRow
from gateway.sessions.repository import SessionRepository
from shared_lib.contracts.base import utc_now
from shared_lib.contracts.ids import IdKind, new_id
from shared_lib.db.engine import Database

COOKIE = "fleet_session"
LASTS = timedelta(hours=12)
KEPT_AFTER = timedelta(days=1)


class Sessions:
    """Browser sessions.

    Args:
        forget: called with a session's id when it was ended, so that caches let go of it.
    """

    def __init__(
        self,
        database: Database,
        *,
        pepper: Pepper,
        audit: Audit,
        forget: Callable[[str], None],
    ) -> None:
        self._database = database
        self._pepper = pepper
        self._audit = audit
        self._forget = forget

    def sign_in(self, principal: Principal, *, client: str, request_id: str) -> str:
        """Open a session for a key that was just checked; the value of its cookie."""
        value, now = secrets.token_urlsafe(32), utc_now()
        caller = principal.caller
        actor = Actor(
            subject=caller.subject, tenant=caller.tenant, client=client, request_id=request_id
        )
        with self._database.write() as unit:
            sessions = SessionRepository(unit)
            sessions.forget_expired(before=now - KEPT_AFTER)
            row = SessionRow(
                id=new_id(IdKind.SESSION),
                digest=self._pepper.digest(value.encode()),
                key_id=caller.subject,
                created_at=now,
                expires_at=now + LASTS,
            )
            sessions.add(row)
            self._audit.record(unit, "session.opened", actor=actor, target=row.id)
        return value

    def sign_out(self, principal: Principal, *, client: str, request_id: str) -> None:
        """End the session that the request came with; without one nothing happens."""
        session_id, caller = principal.session_id, principal.caller
        if session_id is None:
            return
        actor = Actor(
            subject=caller.subject, tenant=caller.tenant, client=client, request_id=request_id
        )
        with self._database.write() as unit:
            row = SessionRepository(unit).find(session_id)
            if row is not None and row.ended_at is None:
                row.ended_at = utc_now()
                self._audit.record(unit, "session.ended", actor=actor, target=row.id)
            unit.after_commit(lambda: self._forget(session_id))


def set_cookie(response: Response, value: str, *, secure: bool) -> None:
    """Put the session's cookie on an answer. `secure`: the browser came over https."""
    response.set_cookie(
        COOKIE,
        value,
        max_age=int(LASTS.total_seconds()),
        path="/",
        httponly=True,
        samesite="strict",
        secure=secure,
    )


def clear_cookie(response: Response, *, secure: bool) -> None:
    """Take the session's cookie off the browser."""
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict", secure=secure)
