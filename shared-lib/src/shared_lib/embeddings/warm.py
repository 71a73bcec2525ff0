"""Questions to vectors, in a process that serves: the model starts on the first question."""

import logging
import threading
import time
from pathlib import Path

from shared_lib.contracts.errors import FleetError
from shared_lib.embeddings.contract import Embedder, Vector
from shared_lib.embeddings.settings import EmbeddingSettings

logger = logging.getLogger(__name__)

PATIENCE_S = 4.0
"""How long the first question waits for the model; then it is answered by words alone."""

KEPT_QUESTIONS = 256
"""Vectors of recent questions; paging and facets ask the same one again."""

RETRY_S = 30.0
"""After a failure, so long until the model is tried again."""


class QueryEmbedder:
    """One embedder for all threads, started when it is needed, at rest when it is not.

    Args:
        settings: who makes vectors.
        environments: the folder of environments.
        cache: the folder of what was measured about the model.
    """

    def __init__(self, settings: EmbeddingSettings, *, environments: Path, cache: Path) -> None:
        self._settings = settings
        self._environments = environments
        self._cache = cache
        self._lock = threading.Lock()
        self._asking = threading.Lock()
        self._ready = threading.Event()
        self._embedder: Embedder | None = None
        self._starting = False
        self._failed_at: float | None = None
        self._why = ""
        self._tidier: threading.Timer | None = None
        self._used = 0.0
        self._closed = False
        self._known: dict[str, Vector] = {}

    @property
    def on(self) -> bool:
        """Whether the settings want embeddings at all."""
        return self._settings.provider != "none"

    @property
    def awake(self) -> bool:
        """Whether the model is loaded now."""
        return self._embedder is not None

    def embed(self, texts: list[str], *, model: str) -> tuple[list[Vector] | None, str]:
        """Vectors made by a model, or None and a sentence that says why not now.

        Args:
            texts: at least one.
            model: who made the vectors that these will be compared with.
        """
        with self._lock:
            known = [self._known[text] for text in _named(texts, model) if text in self._known]
        if len(known) == len(texts):
            return known, ""
        embedder = self._started()
        if embedder is None:
            return None, self._why
        if embedder.model != model:
            return None, f"The base was embedded by {model}, the fleet now uses {embedder.model}."
        try:
            with self._asking:
                vectors = embedder.embed(texts)
        except FleetError as error:
            self._forget(error)
            return None, self._why
        with self._lock:
            self._used = time.monotonic()
            self._known.update(zip(_named(texts, model), vectors, strict=True))
            while len(self._known) > KEPT_QUESTIONS:
                del self._known[next(iter(self._known))]
        return list(vectors), ""

    def _started(self) -> Embedder | None:
        with self._lock:
            if self._embedder is not None:
                return self._embedder
            if self._failed_at is not None and time.monotonic() - self._failed_at < RETRY_S:
                return None
            if not self._starting and not self._closed:
                self._starting = True
                self._ready.clear()
                threading.Thread(target=self._start, name="query-embedder", daemon=True).start()
        self._ready.wait(PATIENCE_S)
        return self._there()

    def _there(self) -> Embedder | None:
        with self._lock:
            if self._embedder is None and self._failed_at is None:
                self._why = "The model that compares meanings is starting; ask again in a moment."
            return self._embedder

    def _start(self) -> None:
        from shared_lib.embeddings.opening import open_embedder  # noqa: PLC0415 - loads numpy

        try:
            embedder = open_embedder(
                self._settings, environments=self._environments, cache=self._cache, build=False
            )
        except FleetError as error:
            self._forget(error)
            self._starting = False
            self._ready.set()
            return
        with self._lock:
            self._starting = False
            late = self._closed
            if not late:
                self._embedder = embedder
                self._failed_at, self._used = None, time.monotonic()
                self._tidy_later()
        if late:
            embedder.close()
        self._ready.set()

    def _forget(self, error: FleetError) -> None:
        logger.warning("questions are not embedded: %s", error.detail)
        with self._lock:
            broken, self._embedder = self._embedder, None
            self._failed_at, self._why = time.monotonic(), error.detail
        if broken is not None:
            broken.close()

    def _tidy_later(self) -> None:
        self._tidier = threading.Timer(self._settings.idle_s, self._tidy)
        self._tidier.daemon = True
        self._tidier.start()

    def _tidy(self) -> None:
        """Let the model rest when nobody has asked for long."""
        with self._asking, self._lock:
            if self._embedder is None or self._closed:
                return
            if time.monotonic() - self._used < self._settings.idle_s:
                self._tidy_later()
                return
            resting, self._embedder = self._embedder, None
        resting.close()

    def close(self) -> None:
        """End the process; what is asked now is answered by words."""
        with self._lock:
            self._closed = True
            ended, self._embedder = self._embedder, None
            if self._tidier is not None:
                self._tidier.cancel()
        if ended is not None:
            ended.close()


def _named(texts: list[str], model: str) -> list[str]:
    return [f"{model}\n{text}" for text in texts]
