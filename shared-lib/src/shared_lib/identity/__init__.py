"""Identity between services: short-lived EdDSA tokens, signed by one and verified by another."""

from shared_lib.identity.keyring import FolderKeyRing, KeyRing, PublicKey, open_keyring
from shared_lib.identity.keys import ensure_keys, load_private_key
from shared_lib.identity.tokens import TokenSigner, TokenVerifier, open_signer

__all__ = [
    "FolderKeyRing",
    "KeyRing",
    "PublicKey",
    "TokenSigner",
    "TokenVerifier",
    "ensure_keys",
    "load_private_key",
    "open_keyring",
    "open_signer",
]
