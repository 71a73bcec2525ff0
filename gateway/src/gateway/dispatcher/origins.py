"""Whether a browser's request comes from our own pages (OWASP: cross-site request forgery)."""

from collections.abc import Mapping

from gateway.dispatcher.errors import CrossSiteError

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def check_origin(
    method: str, *, once: Mapping[bytes, bytes], scheme: str, must_prove: bool
) -> None:
    """Refuse a change that another site's page asks for.

    Args:
        once: the headers that the guard kept aside.
        scheme: `http` or `https`, as the browser sees it.
        must_prove: whether the request acts with a cookie; it then needs `Sec-Fetch-Site` or
            `Origin`, which every browser of today sends and no page can forge.

    Raises:
        CrossSiteError: it comes from elsewhere, or does not say where it comes from.
    """
    if method in SAFE_METHODS:
        return
    site = once.get(b"sec-fetch-site")
    origin = once.get(b"origin")
    own = scheme.encode() + b"://" + once[b"host"]
    if site is not None and site != b"same-origin" and not (site == b"none" and not must_prove):
        raise CrossSiteError("A page of another site may not act with this browser's session.")
    if origin is not None and origin.lower() != own.lower():
        raise CrossSiteError("A page of another origin may not act with this browser's session.")
    if must_prove and site is None and origin is None:
        raise CrossSiteError(
            "A change made with a session needs `Origin` or `Sec-Fetch-Site`. Programs send a key "
            "in `Authorization` instead."
        )
