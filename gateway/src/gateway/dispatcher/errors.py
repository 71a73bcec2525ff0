"""Why the gateway itself refuses a request, before any service sees it."""

from shared_lib.contracts.errors import (
    BadRequestError,
    FleetError,
    ForbiddenError,
    NotFoundError,
    PayloadTooLargeError,
    TooManyRequestsError,
    UnauthenticatedError,
    UnavailableError,
)


class FramingError(BadRequestError):
    """Two readers could disagree about where the body ends (RFC 9112, section 6)."""

    code = "bad_framing"
    title = "The body's length is not clear"


class HostError(BadRequestError):
    """`Host` is missing, given twice or not a host (RFC 9112, section 3.2)."""

    code = "bad_host"
    title = "The Host header is not usable"


class HeaderError(BadRequestError):
    """A header's name or value is not one that every server reads alike."""

    code = "bad_header"
    title = "A header is not usable"


class TargetError(BadRequestError):
    """The path could be read as another one by somebody behind the gateway."""

    code = "bad_path"
    title = "The path is not usable"


class MethodError(FleetError):
    """A method that no address takes."""

    status = 405
    code = "method_not_allowed"
    title = "The method is not offered here"


class HeadersTooLargeError(FleetError):
    """More or longer headers than the gateway reads."""

    status = 431
    code = "headers_too_large"
    title = "The headers are too large"


class UpgradeRefusedError(BadRequestError):
    """Nothing here speaks another protocol than HTTP."""

    code = "upgrade_refused"
    title = "No other protocol is offered"


class AddressNotFoundError(NotFoundError):
    """No service has this path."""

    code = "route_not_found"
    title = "No such address"


class CredentialsMissingError(UnauthenticatedError):
    """The request carries neither a key nor a session."""

    code = "credentials_missing"
    title = "Sign-in needed"


class CredentialsMalformedError(UnauthenticatedError):
    """`Authorization` is there and holds no key of ours."""

    code = "credentials_malformed"
    title = "The key cannot be read"


class CrossSiteError(ForbiddenError):
    """A page of another origin tries to act with this browser's session."""

    code = "cross_site"
    title = "The request comes from another site"


class RateLimitedError(TooManyRequestsError):
    """The tenant, or the unknown caller's address, sends faster than it may."""

    code = "rate_limited"
    title = "Too many requests"


class BusyError(UnavailableError):
    """As many requests as the gateway keeps open are being answered."""

    code = "busy"
    title = "Too much at once"


class BodyTooLargeError(PayloadTooLargeError):
    """The body passes the limit of its address."""

    code = "body_too_large"
    title = "The body is too large"


class BodyTimeoutError(FleetError):
    """The client stopped sending in the middle of its body."""

    status = 408
    code = "body_timeout"
    title = "The body did not come"


class BadGatewayError(FleetError):
    """The service broke off or gave an answer that is no HTTP."""

    status = 502
    code = "bad_gateway"
    title = "The service's answer cannot be used"
    failure = "infrastructure"


class GatewayTimeoutError(FleetError):
    """The service did not answer in time."""

    status = 504
    code = "gateway_timeout"
    title = "The service did not answer in time"
    failure = "timeout"


class ConnectTimeoutError(GatewayTimeoutError):
    """The service took no connection in time: nothing was sent."""


class ServiceAwayError(FleetError):
    """The service cannot be reached."""

    status = 502
    code = "service_away"
    title = "The service cannot be reached"
    failure = "infrastructure"
