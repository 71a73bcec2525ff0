"""Texts as vectors: close in meaning, close in angle."""

from shared_lib.embeddings.contract import Embedder, Vectors
from shared_lib.embeddings.opening import open_embedder
from shared_lib.embeddings.settings import EmbeddingSettings

__all__ = ["Embedder", "EmbeddingSettings", "Vectors", "open_embedder"]
