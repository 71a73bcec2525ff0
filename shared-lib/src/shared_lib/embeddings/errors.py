"""Why there are no vectors."""

from shared_lib.contracts.errors import ConflictError, InternalError, UnavailableError


class EmbeddingError(InternalError):
    """The process that makes vectors ended in the middle of its work."""

    code = "embedding_failed"
    title = "No vectors could be made"


class ModelRefusedError(ConflictError):
    """The model cannot be loaded, or is not the one that it should be."""

    code = "embedding_model_refused"
    title = "The embedding model cannot be used"


class EmbeddingProviderError(UnavailableError):
    """The endpoint that makes vectors does not answer as it should."""

    code = "embedding_provider_failed"
    title = "The embedding endpoint failed"


class EmbeddingsOffError(ConflictError):
    """The fleet's settings say that no vectors are made, or what makes them is not installed."""

    code = "embeddings_off"
    title = "There are no embeddings here"
