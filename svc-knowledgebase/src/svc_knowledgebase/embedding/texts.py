"""What of a record is embedded, and by what its vector is found again."""

import hashlib
from collections.abc import Mapping
from typing import Any

DIGEST_BYTES = 16


def text_of(record: Mapping[str, Any]) -> str:
    """Title, headings and text: a passage means little without what it stands under."""
    parts = [record["title"], " / ".join(record["section_path"]), record["text"]]
    return "\n".join(part for part in parts if part)


def digest_of(text: str) -> bytes:
    """The first 16 bytes of its SHA-256."""
    return hashlib.sha256(text.encode()).digest()[:DIGEST_BYTES]
