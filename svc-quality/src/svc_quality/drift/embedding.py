"""The model that makes vectors of texts, opened by the first check that needs it."""

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

import numpy as np

from shared_lib.embeddings.contract import Embedder, Vectors
from shared_lib.embeddings.opening import model_of, open_embedder
from shared_lib.environments.environments import Log
from svc_quality.settings import QualitySettings

Progress = Callable[[int, int | None, str], None]


class TextEmbedder:
    """Makes vectors; nothing is started or installed until it is asked for some.

    Args:
        settings: which model and where; asked with the first texts.
        log: told what the building of the environment says, and which model it is.
        progress: told how much is done of how much, and in which unit.
    """

    def __init__(
        self, settings: Callable[[], QualitySettings], *, log: Log, progress: Progress
    ) -> None:
        self._settings = settings
        self._log = log
        self._progress = progress
        self._opened: Embedder | None = None

    def embed(self, texts: Sequence[str]) -> Vectors:
        """A unit vector of each text, in order.

        Raises:
            EmbeddingsOffError: the settings say none.
            EnvironmentBuildError, PackagesUnreachableError: the environment cannot be built.
            ModelRefusedError: the model cannot be loaded.
            EmbeddingError, EmbeddingProviderError: the provider failed.
        """
        settings = self._settings()
        if self._opened is None:
            self._opened = self._open(settings)
        size, parts = settings.embeddings.batch, []
        for start in range(0, len(texts), size):
            parts.append(self._opened.embed(texts[start : start + size]))
            self._progress(min(start + size, len(texts)), len(texts), "texts")
        return np.concatenate(parts)

    def _open(self, settings: QualitySettings) -> Embedder:
        opened = open_embedder(
            settings.embeddings,
            environments=settings.environments_folder,
            cache=settings.embedding_cache,
            log=self._log,
            progress=lambda done: self._progress(done, None, "bytes"),
        )
        self._log(f"embedding with {model_of(settings.embeddings)}")
        return opened

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._opened is not None:
            self._opened.close()
