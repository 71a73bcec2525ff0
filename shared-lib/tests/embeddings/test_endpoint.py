"""An endpoint's vectors come in order and of length 1; what it does wrong is said."""

from collections.abc import Iterator

import numpy as np
import pytest
from fastapi.responses import JSONResponse, Response
from pydantic import ValidationError

from shared_lib.embeddings.endpoint import EndpointEmbedder
from shared_lib.embeddings.errors import EmbeddingProviderError
from shared_lib.embeddings.opening import model_of
from shared_lib.embeddings.settings import EmbeddingSettings
from shared_lib.testing.embeddings import DIMENSIONS, Endpoint, embedding_endpoint, vector_of


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    with embedding_endpoint() as running:
        yield running


@pytest.fixture
def embedder(endpoint: Endpoint) -> Iterator[EndpointEmbedder]:
    opened = EndpointEmbedder(endpoint.settings)
    yield opened
    opened.close()


def test_vectors_come_in_order_and_of_length_one(
    endpoint: Endpoint, embedder: EndpointEmbedder
) -> None:
    texts = [f"text {number}" for number in range(300)] + ["", "x" * 50_000]
    vectors = embedder.embed(texts)

    assert vectors.shape == (302, DIMENSIONS)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    wanted = np.asarray(vector_of("text 299"))
    assert np.allclose(vectors[299], wanted / np.linalg.norm(wanted), atol=1e-6)
    assert endpoint.keys == {"Bearer secret"}
    assert embedder.embed([]).shape[0] == 0
    assert embedder.model == model_of(endpoint.settings) == "127.0.0.1/letters"


def test_who_says_later_is_asked_later(endpoint: Endpoint, embedder: EndpointEmbedder) -> None:
    endpoint.answers += [
        Response("slow down", 429, headers={"Retry-After": "0.01"}),
        Response("oh", 503, headers={"Retry-After": "0.01"}),
    ]
    assert len(embedder.embed(["a"])) == 1
    assert endpoint.answers == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Response("no such key", 401), "401 no such key"),
        (JSONResponse({"data": []}), "0 vectors to 1 texts"),
        (JSONResponse({"data": [{"index": 0, "embedding": "AAAA"}]}), "not what the API says"),
        (Response("<html>", 200), "not what the API says"),
    ],
)
def test_a_wrong_answer_is_said(
    answer: Response, said: str, endpoint: Endpoint, embedder: EndpointEmbedder
) -> None:
    endpoint.answers.append(answer)
    with pytest.raises(EmbeddingProviderError) as raised:
        embedder.embed(["a"])
    assert said in raised.value.detail
    assert "FLEET_EMBEDDINGS__URL" in raised.value.detail
    assert "secret" not in raised.value.detail


def test_an_endpoint_needs_an_address_and_a_model() -> None:
    with pytest.raises(ValidationError, match="FLEET_EMBEDDINGS__URL"):
        EmbeddingSettings(provider="openai")
