"""The model that makes vectors of texts, opened by the first check that needs it."""

from collections.abc import Callable, Sequence

import numpy as np

from shared_lib.embeddings.contract import Embedder, Vectors
from shared_lib.embeddings.lazy import LazyEmbedder
from shared_lib.embeddings.opening import model_of, open_embedder
from shared_lib.environments.environments import Log
from svc_quality.settings import QualitySettings

Progress = Callable[[int, int | None, str], None]


class TextEmbedder(LazyEmbedder):
    """Makes vectors; nothing is started or installed until it is asked for some.

    Args:
        settings: which model and where; asked with the first texts.
        log: told what the building of the environment says, and which model it is.
        progress: told how much is done of how much, and in which unit.
    """

    def __init__(
        self, settings: Callable[[], QualitySettings], *, log: Log, progress: Progress
    ) -> None:
        super().__init__(self._start)
        self._settings = settings
        self._log = log
        self._progress = progress

    def embed(self, texts: Sequence[str]) -> Vectors:
        """A unit vector of each text, in order.

        Raises:
            EmbeddingsOffError: the settings say none.
            EnvironmentBuildError, PackagesUnreachableError: the environment cannot be built.
            ModelRefusedError: the model cannot be loaded.
            EmbeddingError, EmbeddingProviderError: the provider failed.
        """
        embedder, size, parts = self.open(), self._settings().embeddings.batch, []
        for start in range(0, len(texts), size):
            parts.append(embedder.embed(texts[start : start + size]))
            self._progress(min(start + size, len(texts)), len(texts), "texts")
        return np.concatenate(parts)

    def _start(self) -> Embedder:
        settings = self._settings()
        opened = open_embedder(
            settings.embeddings,
            environments=settings.environments_folder,
            cache=settings.embedding_cache,
            log=self._log,
            progress=lambda done: self._progress(done, None, "bytes"),
        )
        self._log(f"embedding with {model_of(settings.embeddings)}")
        return opened
