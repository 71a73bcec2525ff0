"""An embedder for code that may turn out to need none."""

from collections.abc import Callable, Sequence

from shared_lib.embeddings.contract import Embedder, Vectors


class LazyEmbedder:
    """Opened by the first texts; not shared between threads."""

    def __init__(self, opened: Callable[[], Embedder]) -> None:
        self._open = opened
        self._embedder: Embedder | None = None

    def open(self) -> Embedder:
        """The embedder, opened now if it is not yet."""
        if self._embedder is None:
            self._embedder = self._open()
        return self._embedder

    def embed(self, texts: Sequence[str]) -> Vectors:
        """A unit vector of each text, in order."""
        return self.open().embed(texts)

    def close(self) -> None:
        """Let go of it, if it was opened; `contextlib.closing` does so at the end of a block."""
        if self._embedder is not None:
            self._embedder.close()
