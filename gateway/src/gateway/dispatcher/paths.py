"""Which raw paths are let through: only those that everybody behind us reads the same way."""

import re
from urllib.parse import unquote_to_bytes

from gateway.dispatcher.errors import AddressNotFoundError, TargetError

MAX_PATH = 8192

# Unreserved characters, sub-delimiters, colon and at (RFC 3986, section 3.3), no dot after a slash.
_PLAIN = re.compile(rb"(?:/(?!\.)[A-Za-z0-9\-._~!$&'()*+,;=:@]*)+")
_ENCODED = re.compile(rb"(?:/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})*)+")
_FORBIDDEN_CODES = re.compile(rb"%(?:[01][0-9a-f]|7f|2f|5c|25[0-9a-f]{2})", re.IGNORECASE)


def check_path(raw_path: bytes) -> None:
    """Let the path through or say what is wrong with it.

    Raises:
        TargetError: it has a dot segment, an encoded slash, backslash, control character or
            percent sequence, or a character that a path cannot have.
        AddressNotFoundError: it leads to what only services may call, in any spelling.
    """
    if len(raw_path) > MAX_PATH:
        raise TargetError(f"A path has at most {MAX_PATH} bytes.")
    if not _PLAIN.fullmatch(raw_path):
        _check_unusual(raw_path)
    # The first letter decides quickly; `/%69nternal` and `//Internal` are spellings too.
    if raw_path[1:2] in b"iI/%;":
        _refuse_internal(raw_path)


def _check_unusual(raw_path: bytes) -> None:
    if not raw_path.startswith(b"/"):
        raise TargetError("A request names a path that starts with `/`, not a whole address.")
    if not _ENCODED.fullmatch(raw_path):
        raise TargetError(
            "The path has a character that must be percent-encoded, or a broken `%` sequence."
        )
    found = _FORBIDDEN_CODES.search(raw_path)
    if found:
        raise TargetError(
            f"The path contains {found[0].decode()}: encoded slashes, backslashes, control "
            "characters and doubly encoded text are refused."
        )
    for segment in raw_path.split(b"/"):
        if unquote_to_bytes(segment).partition(b";")[0] in {b".", b".."}:
            raise TargetError("The path has a `.` or `..` segment. Send the path it leads to.")


def _refuse_internal(raw_path: bytes) -> None:
    segments = unquote_to_bytes(raw_path).lower().split(b"/")
    words = (segment.partition(b";")[0] for segment in segments)
    if next((word for word in words if word), b"") == b"internal":
        raise AddressNotFoundError("There is no such address. /docs lists every address.")
