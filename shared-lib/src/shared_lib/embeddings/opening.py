"""The embedder that the settings name."""

from pathlib import Path

from shared_lib.embeddings.contract import Embedder
from shared_lib.embeddings.endpoint import EndpointEmbedder, endpoint_model
from shared_lib.embeddings.errors import EmbeddingsOffError
from shared_lib.embeddings.local import LocalEmbedder, local_model, ml_requirements
from shared_lib.embeddings.settings import EmbeddingSettings
from shared_lib.environments import Environments
from shared_lib.environments.environments import Log, Progress


def open_embedder(
    settings: EmbeddingSettings,
    *,
    environments: Path,
    cache: Path,
    build: bool = True,
    log: Log = lambda _line: None,
    progress: Progress = lambda _bytes: None,
) -> Embedder:
    """What makes vectors; the environment `ml` is built first where it is needed and missing.

    Args:
        settings: who makes them.
        environments: the folder of environments.
        cache: the folder of what was measured about the model.
        build: False: an environment that is not there is an error.
        log: told what the building says.
        progress: told how many bytes are installed.

    Raises:
        EmbeddingsOffError: the settings say none, or the environment is not there.
        EnvironmentBuildError, PackagesUnreachableError: it cannot be built.
        ModelRefusedError: the model cannot be loaded.
    """
    if settings.provider == "none":
        raise EmbeddingsOffError(
            "The settings say that no embeddings are made. Set FLEET_EMBEDDINGS__PROVIDER to local."
        )
    if settings.provider == "openai":
        return EndpointEmbedder(settings)
    built = Environments(environments)
    found = built.find(ml_requirements())
    if found is None and not build:
        raise EmbeddingsOffError(
            "What makes embeddings is not installed on this machine yet (about 1.4 GB): "
            "fleet env add ml"
        )
    environment = found or built.ensure(
        ml_requirements(), log=log, progress=progress, compiled=False
    )
    return LocalEmbedder(environment, settings=settings, folder=cache)


def model_of(settings: EmbeddingSettings) -> str:
    """What the embedder's `model` will be; nothing is started for it."""
    if settings.provider == "openai":
        return endpoint_model(settings)
    return local_model(settings.model)
