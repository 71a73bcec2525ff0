"""What can be wrong with a request about a knowledge base."""

from shared_lib.contracts.errors import ConflictError, NotFoundError


class BaseNotFoundError(NotFoundError):
    """No such knowledge base in this tenant."""

    code = "knowledge_base_not_found"
    title = "No such knowledge base"


class BaseExistsError(ConflictError):
    """The name is taken."""

    code = "knowledge_base_exists"
    title = "The name is taken"


class NothingLandedError(ConflictError):
    """Nothing of the dataset has landed yet."""

    code = "nothing_landed"
    title = "The dataset has no version yet"


class NotBuiltYetError(ConflictError):
    """The base has no build yet that can be read."""

    code = "not_built_yet"
    title = "The base is not built yet"


class BuildNotFoundError(NotFoundError):
    """No such build of this base."""

    code = "build_not_found"
    title = "No such build"


class DocumentNotFoundError(NotFoundError):
    """No such document or record in the build that is read."""

    code = "record_not_found"
    title = "No such document or record"


class NotEmbeddedError(ConflictError):
    """A search by meaning of a base that has no vectors, or whose model is not at hand."""

    code = "not_embedded"
    title = "Meanings cannot be compared yet"
