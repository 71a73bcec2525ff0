"""An endpoint that speaks OpenAI's embeddings API; close in letters is close in angle here."""

import hashlib
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from shared_lib.embeddings.settings import EmbeddingSettings
from shared_lib.testing.services import serving

DIMENSIONS = 64
MODEL = "letters"


def vector_of(text: str) -> list[float]:
    """Counts of three letters in a row, hashed; not of length 1, as endpoints may answer."""
    counts, padded = [0.0] * DIMENSIONS, f"  {text.lower()} "
    for start in range(len(padded) - 2):
        digest = hashlib.md5(padded[start : start + 3].encode(), usedforsecurity=False).digest()
        counts[digest[0] % DIMENSIONS] += 1
    return [math.sqrt(count) for count in counts]


@dataclass
class Endpoint:
    """A running endpoint; `answers` are given before the right ones, each once."""

    url: str
    texts: list[str] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    answers: list[Response] = field(default_factory=list)

    @property
    def settings(self) -> EmbeddingSettings:
        """What makes a service use it."""
        return EmbeddingSettings(provider="openai", url=self.url, model=MODEL, api_key="secret")


@contextmanager
def embedding_endpoint() -> Iterator[Endpoint]:
    """An endpoint on a free port."""
    app, endpoint = FastAPI(), Endpoint(url="")
    app.state.tailers = ()

    @app.post("/v1/embeddings")
    async def embed(request: Request) -> Response:
        endpoint.keys.add(request.headers.get("Authorization", ""))
        if endpoint.answers:
            return endpoint.answers.pop(0)
        body: dict[str, Any] = await request.json()
        endpoint.texts += body["input"]
        data = [
            {"object": "embedding", "index": index, "embedding": vector_of(text)}
            for index, text in enumerate(body["input"])
        ]
        # An endpoint need not keep the order; the index says whose each is.
        return JSONResponse({"object": "list", "model": body["model"], "data": data[::-1]})

    with serving(app) as served:
        endpoint.url = f"{served.url}/v1"
        yield endpoint
