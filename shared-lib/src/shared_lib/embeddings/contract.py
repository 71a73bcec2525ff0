"""What makes vectors of texts, whoever does it."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
"""[texts, dimensions], each row of length 1: a dot product is a cosine."""


class Embedder(Protocol):
    """Makes vectors. It is not shared between threads."""

    @property
    def model(self) -> str:
        """Names the model and its weights; vectors of different ones are never compared."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """A unit vector of each text, in order.

        Raises:
            EmbeddingError: the provider failed.
        """

    def close(self) -> None:
        """Let go of what it holds."""


def unit_rows(vectors: Vectors) -> Vectors:
    """The vectors, each of length 1; one without a direction stays as it is."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    divided: Vectors = (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return divided
