"""The client's address and scheme, also behind proxies of ours."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

from starlette.types import Scope

MAX_KNOWN = 10_000


class ClientResolver:
    """Reads `X-Forwarded-For` only when the peer is a proxy that is trusted.

    The rightmost address that is no trusted proxy is the client: everything left of it was
    written by the client itself and proves nothing.
    """

    def __init__(self, trusted: Sequence[IPv4Network | IPv6Network]) -> None:
        self._trusted = tuple(trusted)
        self._known: dict[str, bool] = {}

    def address(self, scope: Scope, *, forwarded_for: bytes | None) -> str:
        """The client's address; `local` over a Unix socket."""
        peer = scope.get("client")
        address = peer[0] if peer else "local"
        if not self._trusted or forwarded_for is None or not self._is_trusted(address):
            return str(address)
        for part in reversed(forwarded_for.decode("latin-1").split(",")):
            text = part.strip()
            if not _is_address(text):
                break
            address = text
            if not self._is_trusted(text):
                break
        return str(address)

    def scheme(self, scope: Scope, *, forwarded_proto: bytes | None) -> str:
        """`https` when the client speaks TLS to us or to a trusted proxy."""
        peer = scope.get("client")
        if forwarded_proto in {b"http", b"https"} and peer and self._is_trusted(peer[0]):
            return forwarded_proto.decode()
        return str(scope.get("scheme", "http"))

    def _is_trusted(self, address: str) -> bool:
        if not self._trusted:
            return False
        known = self._known.get(address)
        if known is None:
            known = _is_address(address) and any(
                ip_address(address) in network for network in self._trusted
            )
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            self._known[address] = known
        return known


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
