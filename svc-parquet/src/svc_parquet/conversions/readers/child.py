"""The process in which workbooks and PDFs are parsed: bounded, and killed without harm.

Run as `python -m svc_parquet.conversions.readers.child MEMORY_BYTES CPU_SECONDS`. It reads one JSON
request a line and answers each with one line: `{"ok": ...}`, or `{"error": code, "detail": text}`.
Large answers are Arrow files in the folder that the request names.
"""

import importlib
import json
import os
import resource
import sys
from typing import Any

from svc_parquet.conversions.readers.refusing import Handler, RefusedError


def _handlers(kind: str) -> dict[str, Handler]:
    """What a kind of file is asked; its libraries are imported when the first one comes."""
    module = importlib.import_module(f"svc_parquet.conversions.readers.{kind}_child")
    handlers: dict[str, Handler] = module.HANDLERS
    return handlers


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    kind, _, name = request.pop("do").partition(".")
    try:
        return {"ok": _handlers(kind)[name](**request)}
    except RefusedError as error:
        return {"error": error.code, "detail": str(error)}
    except MemoryError:
        return {"error": "too_large", "detail": "it needs more memory than a reader may have"}
    except Exception as error:  # noqa: BLE001 - whatever a parser raises is the file's fault
        return {"error": "damaged_file", "detail": f"{type(error).__name__}: {error}"}


def main(memory_bytes: int, cpu_s: int) -> None:
    """Answer requests until there are no more."""
    try:
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    except (ValueError, OSError):
        if sys.platform == "linux":
            raise  # elsewhere the system may know no such limit
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a library that prints breaks no answer
    for line in sys.stdin:
        answers.write(json.dumps(_answer(json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
