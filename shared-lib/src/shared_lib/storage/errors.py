"""What can go wrong with objects."""

from shared_lib.contracts.errors import FleetError, InvalidInputError, UnavailableError


class ObjectMissingError(FleetError):
    """A key that a row names has no object: the store has lost it or was changed by hand."""

    status = 500
    code = "object_missing"
    title = "Stored bytes are missing"
    failure = "infrastructure"


class InvalidObjectKeyError(InvalidInputError):
    """The key is not one that every store can hold."""

    code = "invalid_object_key"
    title = "The object key is not usable"


class HashMismatchError(InvalidInputError):
    """The bytes that came are not the bytes that were announced."""

    code = "hash_mismatch"
    title = "The bytes differ from their announced hash"


class StoreUnavailableError(UnavailableError):
    """The object store does not answer."""

    code = "object_store_unavailable"
    title = "The object store does not answer"
