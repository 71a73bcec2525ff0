"""`Idempotency-Key` on the gateway's own POSTs: the effect and its answer are one transaction."""

import hashlib
from typing import Annotated

from fastapi import Header, Request
from pydantic import BaseModel

from shared_lib.contracts.identity import Caller
from shared_lib.db.engine import ReadView, WriteUnit
from shared_lib.db.idempotency import (
    MAX_KEY_LENGTH,
    IdempotencyKeyInvalidError,
    find_answer,
    keep_answer,
)

IdempotencyKey = Annotated[
    str | None,
    Header(description="Makes repeating this request safe: the first answer is given again."),
]


class Replay:
    """The answers that a key was given.

    Raises:
        IdempotencyKeyInvalidError: the key is empty, too long or not printable.
    """

    def __init__(
        self, request: Request, *, caller: Caller, key: str | None, body: BaseModel
    ) -> None:
        if key is not None and not (0 < len(key) <= MAX_KEY_LENGTH and key.isprintable()):
            raise IdempotencyKeyInvalidError(
                f"An Idempotency-Key has 1 to {MAX_KEY_LENGTH} printable characters; a UUID is "
                "good.",
                field="Idempotency-Key",
            )
        self._key = key
        self._tenant = caller.tenant
        text = f"{request.method} {request.url.path}\n{body.model_dump_json()}"
        self._fingerprint = hashlib.sha256(text.encode()).hexdigest()

    def find(self, view: ReadView) -> dict[str, object] | None:
        """The body of the first answer, None when the request is new.

        Raises:
            IdempotencyKeyReusedError: the key came before with another request.
        """
        if self._key is None:
            return None
        record = find_answer(
            view, tenant=self._tenant, key=self._key, fingerprint=self._fingerprint
        )
        return record.body if record is not None else None

    def keep(self, unit: WriteUnit, body: BaseModel) -> None:
        """Keep the answer in the transaction of its effect."""
        if self._key is not None:
            keep_answer(
                unit,
                tenant=self._tenant,
                key=self._key,
                fingerprint=self._fingerprint,
                status=201,
                body=body.model_dump(mode="json"),
            )
