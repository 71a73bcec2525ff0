"""`Idempotency-Key` on writing requests: the effect and its answer are one transaction."""

import hashlib
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from shared_lib.contracts.identity import Caller
from shared_lib.db.engine import ReadView, WriteUnit
from shared_lib.db.idempotency import (
    MAX_KEY_LENGTH,
    IdempotencyKeyInvalidError,
    find_answer,
    keep_answer,
)
from shared_lib.web.identity import CurrentCaller
from shared_lib.web.state import ServiceState, state_of

ModelT = TypeVar("ModelT", bound=BaseModel)

REPLAYED_HEADER = "Idempotency-Replayed"


class OnceRunner:
    """Runs a request's effect once for each `Idempotency-Key`, and always in one transaction."""

    def __init__(
        self, *, state: ServiceState, caller: Caller, key: str | None, fingerprint: str, status: int
    ) -> None:
        self._database = state.runtime.database
        self._tenant = caller.tenant
        self._key = key
        self._fingerprint = fingerprint
        self._status = status

    def run(
        self,
        effect: Callable[[WriteUnit], ModelT],
        *,
        location: Callable[[ModelT], str] | None = None,
    ) -> Response:
        """The effect's answer, or the answer it gave when the key came first.

        Args:
            location: where the thing that was made is, for the `Location` header.

        Raises:
            IdempotencyKeyReusedError: the key came before with another request.
            EffectExistsError: the same request is being answered at this moment.
        """
        with self._database.write() as unit:
            replay = self._replay(unit)
            if replay is not None:
                return replay
            answer = effect(unit)
            where = location(answer) if location is not None else None
            self.keep(unit, answer, location=where)
        return self._respond(answer.model_dump(mode="json"), location=where)

    def replay(self) -> Response | None:
        """The recorded answer, for an endpoint that has work to do before its transaction."""
        with self._database.read() as view:
            return self._replay(view)

    def keep(self, unit: WriteUnit, answer: BaseModel, *, location: str | None = None) -> None:
        """Record the answer in the transaction of its effect.

        Raises:
            EffectExistsError: the same request is being answered at this moment.
        """
        if self._key is not None:
            keep_answer(
                unit,
                tenant=self._tenant,
                key=self._key,
                fingerprint=self._fingerprint,
                status=self._status,
                body=answer.model_dump(mode="json"),
                location=location,
            )

    def _replay(self, view: ReadView) -> Response | None:
        if self._key is None:
            return None
        record = find_answer(
            view, tenant=self._tenant, key=self._key, fingerprint=self._fingerprint
        )
        if record is None:
            return None
        return self._respond(
            record.body, status=record.status, location=record.location, replayed=True
        )

    def _respond(
        self,
        body: Any,
        *,
        location: str | None,
        status: int | None = None,
        replayed: bool = False,
    ) -> Response:
        headers = {"Location": location} if location is not None else {}
        if replayed:
            headers[REPLAYED_HEADER] = "true"
        return JSONResponse(body, status_code=status or self._status, headers=headers)


async def _once(
    request: Request,
    caller: CurrentCaller,
    idempotency_key: Annotated[
        str | None,
        Header(description="Makes repeating this request safe: the first answer is given again."),
    ] = None,
) -> OnceRunner:
    if idempotency_key is not None and not (
        0 < len(idempotency_key) <= MAX_KEY_LENGTH and idempotency_key.isprintable()
    ):
        raise IdempotencyKeyInvalidError(
            f"An Idempotency-Key has 1 to {MAX_KEY_LENGTH} printable characters; a UUID is good.",
            field="Idempotency-Key",
        )
    digest = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
    # A streamed body must not be read here; a JSON body has been read and is at hand.
    if request.headers.get("content-type", "").startswith("application/json"):
        digest.update(await request.body())
    route = request.scope["route"]
    return OnceRunner(
        state=state_of(request),
        caller=caller,
        key=idempotency_key,
        fingerprint=digest.hexdigest(),
        status=route.status_code or 200,
    )


Once = Annotated[OnceRunner, Depends(_once)]
