"""Idempotency records: the answer to a request is kept in the transaction of its effect.

Because both commit together, a repeated `Idempotency-Key` finds either the whole effect and its
answer or nothing; there is no window in which the effect exists and the answer does not
(draft-ietf-httpapi-idempotency-key-header).
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from shared_lib.contracts.base import utc_now
from shared_lib.contracts.errors import ConflictError, InvalidInputError
from shared_lib.db.engine import ReadView, WriteUnit
from shared_lib.db.types import SharedBase

KEPT = timedelta(days=2)
MAX_KEY_LENGTH = 200


class IdempotencyKeyReusedError(InvalidInputError):
    """The same key came with another request."""

    code = "idempotency_key_reused"
    title = "The Idempotency-Key belongs to another request"


class IdempotencyKeyInvalidError(InvalidInputError):
    """The key is empty, too long or not printable."""

    code = "idempotency_key_invalid"
    title = "The Idempotency-Key is not usable"


class EffectExistsError(ConflictError):
    """Two requests with one key ran at the same moment; the other one won."""

    code = "idempotency_key_in_use"
    title = "The same request is being answered right now"


class IdempotencyRecord(SharedBase):
    """The answer that a key has been given."""

    __tablename__ = "idempotency_record"

    tenant: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    status: Mapped[int]
    body: Mapped[dict[str, Any]]
    location: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(index=True)


def find_answer(
    view: ReadView, *, tenant: str, key: str, fingerprint: str
) -> IdempotencyRecord | None:
    """The recorded answer to this very request, or None when the key is new.

    Raises:
        IdempotencyKeyReusedError: the key was used for a different request.
    """
    record = view.session.get(IdempotencyRecord, (tenant, key))
    if record is not None and record.fingerprint != fingerprint:
        raise IdempotencyKeyReusedError(
            "This Idempotency-Key was sent before with a different request. "
            "Use a new key for a new request.",
            field="Idempotency-Key",
        )
    return record


def keep_answer(
    unit: WriteUnit,
    *,
    tenant: str,
    key: str,
    fingerprint: str,
    status: int,
    body: dict[str, Any],
    location: str | None = None,
) -> None:
    """Record the answer in the transaction of the effect.

    Raises:
        EffectExistsError: another request with this key commits at this very moment.
    """
    unit.session.flush()
    unit.session.add(
        IdempotencyRecord(
            tenant=tenant,
            key=key,
            fingerprint=fingerprint,
            status=status,
            body=body,
            location=location,
            created_at=utc_now(),
        )
    )
    try:
        unit.session.flush()
    except IntegrityError as error:
        raise EffectExistsError(
            "A request with this Idempotency-Key is being answered. Send it again in a second.",
            headers={"Retry-After": "1"},
        ) from error


def forget_old_answers(unit: WriteUnit) -> None:
    """Drop records older than two days."""
    unit.session.execute(
        delete(IdempotencyRecord).where(IdempotencyRecord.created_at < utc_now() - KEPT)
    )
