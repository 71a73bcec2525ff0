"""The fleet's OpenAPI document: each service's own, asked from it and merged."""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from gateway.dispatcher.calls import call_plainly
from gateway.dispatcher.upstream import InProcessUpstream, Upstream
from gateway.openapi.merging import Document, merge_documents
from shared_lib.contracts.services import ServiceName

logger = logging.getLogger(__name__)

KEPT_S = 60.0
ANSWER_WITHIN_S = 5.0


class ApiDocument:
    """The merged document, kept for a minute.

    Attributes:
        own: makes the gateway's own document; set when its app is made.
    """

    def __init__(self, upstreams: Mapping[ServiceName, Upstream]) -> None:
        self._upstreams = upstreams
        self._kept: tuple[float, Document] | None = None
        self.own: Callable[[], Document] = dict

    async def read(self) -> Document:
        """The merged document; a service that does not answer is named in `x-missing`."""
        if self._kept is not None and time.monotonic() < self._kept[0]:
            return self._kept[1]
        names = list(self._upstreams)
        found = await asyncio.gather(*(self._ask(self._upstreams[name]) for name in names))
        documents = {ServiceName.GATEWAY.value: self.own()}
        missing = [name.value for name, document in zip(names, found, strict=True) if not document]
        documents |= {
            name.value: document for name, document in zip(names, found, strict=True) if document
        }
        merged = merge_documents(documents, title="Datafleet")
        if missing:
            return {**merged, "x-missing": missing}
        self._kept = (time.monotonic() + KEPT_S, merged)
        return merged

    async def _ask(self, upstream: Upstream) -> Document | None:
        try:
            if isinstance(upstream, InProcessUpstream):
                made: Any = getattr(upstream.app, "openapi", None)
                return made() if made is not None else None
            async with asyncio.timeout(ANSWER_WITHIN_S):
                answer = await call_plainly(upstream, "/openapi.json")
            return json.loads(answer.body) if answer.status == 200 else None
        except Exception:
            # One service that is away or broken must not take the others' pages with it.
            logger.exception("a service's OpenAPI document could not be read")
            return None
