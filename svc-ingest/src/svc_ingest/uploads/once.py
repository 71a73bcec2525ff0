"""`Idempotency-Key` of an upload: told apart by what is announced, as its body is never at hand."""

import hashlib
from typing import Annotated

from fastapi import Depends, Header, Request

from shared_lib.db.idempotency import MAX_KEY_LENGTH, IdempotencyKeyInvalidError
from shared_lib.web.identity import CurrentCaller
from shared_lib.web.once import OnceRunner
from shared_lib.web.state import state_of


async def _upload_once(
    request: Request,
    caller: CurrentCaller,
    idempotency_key: Annotated[
        str | None,
        Header(description="Makes repeating this request safe: the first answer is given again."),
    ] = None,
    content_digest: Annotated[str | None, Header()] = None,
    content_length: Annotated[str | None, Header()] = None,
) -> OnceRunner:
    if idempotency_key is not None and not (
        0 < len(idempotency_key) <= MAX_KEY_LENGTH and idempotency_key.isprintable()
    ):
        raise IdempotencyKeyInvalidError(
            f"An Idempotency-Key has 1 to {MAX_KEY_LENGTH} printable characters; a UUID is good.",
            field="Idempotency-Key",
        )
    url = request.url
    announced = f"{request.method} {url.path}?{url.query}\n{content_length}\n{content_digest}"
    return OnceRunner(
        state=state_of(request),
        caller=caller,
        key=idempotency_key,
        fingerprint=hashlib.sha256(announced.encode()).hexdigest(),
        status=201,
    )


UploadOnce = Annotated[OnceRunner, Depends(_upload_once)]
"""The shared `Once` would hold a body of type `application/json` in memory to tell it apart."""
