"""An endpoint that speaks OpenAI's embeddings API.

Source: https://platform.openai.com/docs/api-reference/embeddings
"""

import time
from collections.abc import Sequence
from typing import Any

import httpx
import numpy as np

from shared_lib.embeddings.contract import Vectors
from shared_lib.embeddings.errors import EmbeddingProviderError
from shared_lib.embeddings.settings import EmbeddingSettings

ATTEMPTS = 5
MOST_TEXTS = 256
LONGEST_WAIT_S = 30.0
CHARACTERS = 24_000
"""Of one text; the models behind such endpoints take about 8,000 tokens."""

_AGAIN = {408, 409, 429, 500, 502, 503, 504}


class EndpointEmbedder:
    """Sends texts to an endpoint; what it answers is brought to length 1."""

    def __init__(self, settings: EmbeddingSettings) -> None:
        self._settings = settings
        headers = {"Authorization": f"Bearer {settings.api_key}"} if settings.api_key else {}
        self._http = httpx.Client(timeout=60, headers=headers)
        self._address = f"{settings.url.rstrip('/')}/embeddings"

    @property
    def model(self) -> str:
        """The endpoint and the model's name."""
        return endpoint_model(self._settings)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """A unit vector of each text.

        Raises:
            EmbeddingProviderError: it cannot be reached, refuses, or answers something else.
        """
        parts = [
            self._asked(texts[start : start + MOST_TEXTS])
            for start in range(0, len(texts), MOST_TEXTS)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, 0), dtype=np.float32)

    def _asked(self, texts: Sequence[str]) -> Vectors:
        # An endpoint refuses an empty text; a space has a vector too.
        body = {
            "model": self._settings.model,
            "input": [text[:CHARACTERS] or " " for text in texts],
            "encoding_format": "float",
        }
        answer = self._sent(body)
        try:
            rows = sorted(answer.json()["data"], key=lambda row: row["index"])
            vectors = np.asarray([row["embedding"] for row in rows], dtype=np.float32)
        except (ValueError, KeyError, TypeError) as error:
            raise self._failed(f"its answer is not what the API says: {error!r}") from error
        if vectors.ndim != 2 or len(vectors) != len(texts):
            raise self._failed(f"it answered {len(vectors)} vectors to {len(texts)} texts")
        return unit_rows(vectors)

    def _sent(self, body: dict[str, Any]) -> httpx.Response:
        said = ""
        for attempt in range(ATTEMPTS):
            try:
                answer = self._http.post(self._address, json=body)
            except httpx.HTTPError as error:
                said, wait = f"{type(error).__name__}: {error}", 2.0**attempt
            else:
                if answer.is_success:
                    return answer
                said = f"{answer.status_code} {answer.text[:300]}"
                if answer.status_code not in _AGAIN:
                    break
                wait = _asked_wait(answer) or 2.0**attempt
            if attempt + 1 < ATTEMPTS:
                time.sleep(min(wait, LONGEST_WAIT_S))
        raise self._failed(said)

    def _failed(self, said: str) -> EmbeddingProviderError:
        return EmbeddingProviderError(
            f"{self._address} with the model {self._settings.model}: {said}. Check "
            "FLEET_EMBEDDINGS__URL, __MODEL and __API_KEY."
        )

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()


def unit_rows(vectors: Vectors) -> Vectors:
    """The vectors, each of length 1; one without a direction stays as it is."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    divided: Vectors = (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return divided


def endpoint_model(settings: EmbeddingSettings) -> str:
    """Names a model behind an endpoint."""
    return f"{httpx.URL(settings.url).host}/{settings.model}"


def _asked_wait(answer: httpx.Response) -> float:
    text = answer.headers.get("Retry-After", "")
    return float(text) if text.replace(".", "", 1).isdigit() else 0.0
