"""The process that parses: `python -m svc_knowledgebase.building.child`.

It reads one request a line (JSON) from standard input and answers each with its length in four
bytes and what the document gave. Each document has its processor time, the whole process its
memory; a parser that goes beyond them is ended by the kernel, and the parent sees by which signal.
"""

import hashlib
import os
import resource
import signal
import struct
import sys
from pathlib import Path
from typing import IO

import orjson

from svc_knowledgebase.building.parsed import Recipe, failure_to_bytes, parse_to_bytes
from svc_knowledgebase.documents.errors import DamagedDocumentError, DocumentLimitError
from svc_knowledgebase.documents.releases import told

LENGTH = struct.Struct(">I")
WALL = 10
"""A document may take this many times its processor time on a busy machine."""


def main() -> None:
    """Answer until standard input ends."""
    answers = _own_output()
    requests = sys.stdin.buffer
    recipe = Recipe.of_text(**orjson.loads(requests.readline()))
    told(recipe.engines)
    _bound(recipe)
    for line in requests:
        request = orjson.loads(line)
        answer = _parse(request, recipe)
        answers.write(LENGTH.pack(len(answer)))
        answers.write(answer)
        answers.flush()


def _own_output() -> IO[bytes]:
    """Standard output for answers alone: what a parser prints goes nowhere."""
    answers = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    return answers


def _bound(recipe: Recipe) -> None:
    if sys.platform == "linux":
        # Elsewhere the kernel does not keep an address space small; time is bounded everywhere.
        limit = recipe.limits.memory_bytes
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _parse(request: dict[str, str], recipe: Recipe) -> bytes:
    """What the document gives; nothing when its bytes are not those that were hashed."""
    signal.setitimer(signal.ITIMER_PROF, recipe.limits.cpu_s)
    signal.setitimer(signal.ITIMER_REAL, recipe.limits.cpu_s * WALL)
    try:
        data = Path(os.fsdecode(bytes.fromhex(request["place"]))).read_bytes()
        if hashlib.sha256(data).hexdigest() != request["sha256"]:
            return b""
        return parse_to_bytes(request["name"], data, recipe)
    except OSError as error:
        return failure_to_bytes(DamagedDocumentError(f"It cannot be opened: {error.strerror}."))
    except MemoryError:
        return failure_to_bytes(memory_error(recipe))
    except Exception as error:  # noqa: BLE001 - one document costs itself only, whatever it does
        return failure_to_bytes(
            DamagedDocumentError(f"Its parser failed: {type(error).__name__}: {error}.")
        )
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)


def memory_error(recipe: Recipe) -> DocumentLimitError:
    """A document needed more memory than it may."""
    megabytes = recipe.limits.memory_bytes // 1024**2
    return DocumentLimitError(
        f"Reading it needs more than {megabytes} MiB of memory. Split it, or allow more "
        "(document_memory_bytes)."
    )


if __name__ == "__main__":
    main()
