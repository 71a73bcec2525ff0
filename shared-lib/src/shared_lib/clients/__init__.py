"""How one service calls another: signed, bounded in time, over HTTP or a Unix socket."""

from shared_lib.clients.internal import InternalClient

__all__ = ["InternalClient"]
