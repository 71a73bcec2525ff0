"""What makes vectors of texts, whoever does it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Vectors: TypeAlias = "NDArray[np.float32]"
"""[texts, dimensions], each row of length 1: a dot product is a cosine."""

Vector: TypeAlias = "NDArray[np.float32]"
"""[dimensions], of length 1."""


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
