"""Who is asking: Ed25519 keys of the services and the short-lived tokens signed with them."""

from shared_lib.identity.keys import KeyRing, load_signing_key, make_keys, open_keyring
from shared_lib.identity.tokens import IdentityTokenError, TokenSigner, TokenVerifier

__all__ = [
    "IdentityTokenError",
    "KeyRing",
    "TokenSigner",
    "TokenVerifier",
    "load_signing_key",
    "make_keys",
    "open_keyring",
]
