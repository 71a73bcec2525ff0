"""How the API and an answering process speak over a pipe: a letter, a length, that many bytes."""

import json
import struct
from enum import StrEnum
from typing import IO, Any

_HEAD = struct.Struct(">cI")
LONGEST = 64 * 1024 * 1024


class Frame(StrEnum):
    """What a frame holds."""

    REQUEST = "R"
    HEADER = "H"
    CHUNK = "C"
    END = "Z"
    ERROR = "E"


def write_frame(pipe: IO[bytes], kind: Frame, content: bytes = b"") -> None:
    """Send one frame; blocks until the other side has taken it."""
    pipe.write(_HEAD.pack(kind.value.encode(), len(content)))
    pipe.write(content)
    pipe.flush()


def write_json(pipe: IO[bytes], kind: Frame, content: Any) -> None:
    """Send one frame of JSON."""
    write_frame(pipe, kind, json.dumps(content, ensure_ascii=False).encode())


def read_frame(pipe: IO[bytes]) -> tuple[Frame, bytes] | None:
    """The next frame; None when the other side is gone.

    Raises:
        ValueError: what came is no frame.
    """
    head = pipe.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    kind, length = _HEAD.unpack(head)
    if length > LONGEST:
        raise ValueError("a frame is longer than any that is sent")
    content = pipe.read(length)
    return (Frame(kind.decode()), content) if len(content) == length else None
