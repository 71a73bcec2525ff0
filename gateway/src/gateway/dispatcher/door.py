"""What an nginx in front asks: may this request go on, and as whom?

nginx (deploy/nginx) forwards bodies and answers itself and asks about each request at
`/internal/authorize`, with the original method and target in headers. It proves with a secret that
it is the nginx of this installation; to everybody else the address does not exist.
"""

import hmac
from collections.abc import Iterable

from starlette.types import Scope

from gateway.dispatcher.guard import Header

AUTHORIZE_PATH = b"/internal/authorize"
SECRET_HEADER = b"x-fleet-door"
METHOD_HEADER = b"x-forwarded-method"
TARGET_HEADER = b"x-forwarded-uri"

_OWN = frozenset({SECRET_HEADER, METHOD_HEADER, TARGET_HEADER})
_FRAMING = frozenset({b"content-length", b"transfer-encoding"})


class Door:
    """Tells the questions of our nginx from what anybody else may send.

    Args:
        secret: shared with that nginx; None when there is none.
    """

    def __init__(self, secret: str | None) -> None:
        self._secret = secret.encode() if secret else None

    def asks(self, scope: Scope) -> bool:
        """Whether this is a question of our nginx."""
        if scope["raw_path"] != AUTHORIZE_PATH or self._secret is None:
            return False
        given = _first(scope["headers"], SECRET_HEADER)
        return hmac.compare_digest(given, self._secret)

    def original(self, scope: Scope) -> Scope:
        """The request that is asked about; its body stays with nginx, which frames it anew."""
        headers: list[Header] = scope["headers"]
        raw_path, _, query = _first(headers, TARGET_HEADER).partition(b"?")
        return {
            **scope,
            "method": _first(headers, METHOD_HEADER).decode("latin-1"),
            "raw_path": raw_path,
            "query_string": query,
            "headers": [each for each in headers if each[0] not in _OWN | _FRAMING],
        }


def _first(headers: Iterable[Header], name: bytes) -> bytes:
    return next((value for key, value in headers if key == name), b"")
