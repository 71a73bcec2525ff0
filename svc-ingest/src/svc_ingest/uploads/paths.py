"""Paths of files inside a version, and the digest a client may announce. Pure functions."""

import base64
import binascii
import re
import unicodedata

from svc_ingest.uploads.errors import InvalidDigestError, InvalidUploadPathError

MAX_PATH = 500

_SHA256 = re.compile(r"sha-256=:([A-Za-z0-9+/=]+):")


def clean_path(path: str) -> str:
    """The path in Unicode's composed form, relative, with forward slashes.

    Raises:
        InvalidUploadPathError: absolute, with `..`, `\\` or control characters, or too long.
    """
    composed = unicodedata.normalize("NFC", path)
    segments = composed.split("/")
    if (
        not 0 < len(composed) <= MAX_PATH
        or any(segment.strip() in ("", ".", "..") for segment in segments)
        or "\\" in composed
        or any(unicodedata.category(character) in ("Cc", "Cs") for character in composed)
    ):
        raise InvalidUploadPathError(
            f"{path[:100]!r} cannot be a file's path: use a relative path of at most {MAX_PATH} "
            "characters with `/` between folders and without `..`.",
            field="path",
        )
    return composed


def announced_sha256(content_digest: str | None) -> str | None:
    """The SHA-256 in a `Content-Digest` header (RFC 9530) in hex, None when there is no header.

    Raises:
        InvalidDigestError: the header has no SHA-256 that can be read.
    """
    if content_digest is None:
        return None
    found = _SHA256.search(content_digest)
    try:
        digest = base64.b64decode(found.group(1), validate=True) if found else b""
    except binascii.Error:
        digest = b""
    if len(digest) != 32:
        raise InvalidDigestError(
            "Content-Digest must be `sha-256=:BASE64:`, as RFC 9530 says; or leave it out.",
            field="Content-Digest",
        )
    return digest.hex()
