"""What can be wrong with a key."""

from shared_lib.contracts.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    UnauthenticatedError,
)


class KeyMalformedError(UnauthenticatedError):
    """The text is no key of ours, or a letter of it is wrong."""

    code = "key_malformed"
    title = "The key cannot be read"


class KeyUnknownError(UnauthenticatedError):
    """Nobody was given this key."""

    code = "key_unknown"
    title = "The key is not known"


class KeyRevokedError(UnauthenticatedError):
    """The key was good once and was revoked."""

    code = "key_revoked"
    title = "The key was revoked"


class KeyExpiredError(UnauthenticatedError):
    """The key's time is over."""

    code = "key_expired"
    title = "The key has expired"


class KeyNotFoundError(NotFoundError):
    """The tenant has no key with that id."""

    code = "key_not_found"
    title = "No such key"


class ExpiryPassedError(InvalidInputError):
    """A new key would have expired before it was made."""

    code = "expiry_passed"
    title = "The expiry lies in the past"


class RoleTooHighError(ForbiddenError):
    """A key may only make keys that can do no more than itself."""

    code = "role_too_high"
    title = "The role is above yours"


class OtherTenantError(ForbiddenError):
    """Only an owner manages keys of another tenant."""

    code = "other_tenant"
    title = "Only an owner may do this for another tenant"


class LastOwnerKeyError(ConflictError):
    """Without an owner key nobody could make tenants or owner keys any more."""

    code = "last_owner_key"
    title = "This is the last owner key"


class KeyShownBeforeError(ConflictError):
    """The same request made a key before; its secret was shown then and is not kept."""

    code = "key_shown_before"
    title = "The key was made by an earlier request"
