"""Why an identity token is not believed. All of them are answered with 401."""

from shared_lib.contracts.errors import FleetError, UnauthenticatedError


class IdentityMissingError(UnauthenticatedError):
    """The request carries no identity token: it did not come through the gateway."""

    code = "identity_missing"
    title = "No identity token"


class IdentityMalformedError(UnauthenticatedError):
    """The token is not a JWT, or it lacks a claim that every identity token has."""

    code = "identity_malformed"
    title = "The identity token cannot be read"


class IdentityAlgorithmError(UnauthenticatedError):
    """The token names another algorithm than EdDSA, such as `none` or HS256."""

    code = "identity_algorithm"
    title = "The identity token is signed in a way that is not accepted"


class IdentityKeyUnknownError(UnauthenticatedError):
    """No member of the fleet has the key that the token names."""

    code = "identity_key_unknown"
    title = "The identity token's key is not known"


class IdentityForgedError(UnauthenticatedError):
    """The signature does not fit the token."""

    code = "identity_forged"
    title = "The identity token's signature is wrong"


class IdentityExpiredError(UnauthenticatedError):
    """The token was good once."""

    code = "identity_expired"
    title = "The identity token has expired"


class IdentityNotYetValidError(UnauthenticatedError):
    """The token was issued in the future: the clocks of two machines disagree."""

    code = "identity_not_yet_valid"
    title = "The identity token is not valid yet"


class IdentityAudienceError(UnauthenticatedError):
    """The token is meant for another service."""

    code = "identity_wrong_audience"
    title = "The identity token is for another service"


class IdentityIssuerError(UnauthenticatedError):
    """The token's issuer is not the owner of the key that signed it."""

    code = "identity_wrong_issuer"
    title = "The identity token's issuer does not own its key"


class SigningKeyMissingError(FleetError):
    """A service was started without a private key of its own."""

    code = "signing_key_missing"
    title = "The service has no private key"
    failure = "infrastructure"


class SigningKeyUnusableError(FleetError):
    """The file is there and holds no Ed25519 key."""

    code = "signing_key_unusable"
    title = "The private key cannot be used"
    failure = "infrastructure"
