"""The process's side: answers one question after another, over its pipes.

Started by an API, which never imports an engine itself. It has none of the API's variables, may
write no file and no core, ends with the API, and has the next question's engine ready.
"""

import json
import os
import resource
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import IO, Any, Protocol, TypeVar

from shared_lib.answering.errors import QueryMemoryLimitError
from shared_lib.answering.framing import Frame, read_frame, write_frame, write_json
from shared_lib.contracts.errors import FleetError

LOOKS_FOR_PARENT_S = 1.0
OPEN_FILES = 512

Answer = tuple[dict[str, Any], Iterator[bytes]]
"""An answer's header and its pieces."""


class Engine(Protocol):
    """What answers; used for one question and thrown away."""

    def within(self, seconds: float) -> AbstractContextManager[None]:
        """Interrupt what runs in the block when the time is over."""


EngineT = TypeVar("EngineT", bound=Engine)


def answer_all(
    answer: Callable[[dict[str, Any], EngineT], Answer],
    *,
    fresh: Callable[[], EngineT],
    address_space_bytes: int,
) -> None:
    """Answer until the API closes the pipe.

    Args:
        answer: a question's answer; what it raises of `FleetError` is told.
        fresh: makes an engine.
        address_space_bytes: of this process, on Linux; elsewhere the kernel does not keep it.
    """
    answers, questions = _own_pipes()
    _shut_in(address_space_bytes)
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    engine = fresh()
    while (frame := read_frame(questions)) is not None:
        _answer(answers, json.loads(frame[1]), engine=engine, answer=answer)
        engine = fresh()


def _own_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Keep the pipes for frames; whatever prints goes to the log."""
    answers = os.fdopen(os.dup(1), "wb")
    questions = os.fdopen(os.dup(0), "rb")
    os.dup2(2, 1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    return answers, questions


def _shut_in(address_space_bytes: int) -> None:
    """No file can be written, no core left, and memory has an end."""
    limits = {
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: OPEN_FILES,
    }
    if sys.platform == "linux":
        limits[resource.RLIMIT_AS] = address_space_bytes
    for kind, most in limits.items():
        resource.setrlimit(kind, (most, most))


def _end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOKS_FOR_PARENT_S)
    os._exit(1)


def _answer(
    pipe: IO[bytes],
    question: dict[str, Any],
    *,
    engine: EngineT,
    answer: Callable[[dict[str, Any], EngineT], Answer],
) -> None:
    """Send the answer's header and pieces; an error in the place of the header, or of the end."""
    try:
        with engine.within(question["seconds"]):
            header, pieces = answer(question, engine)
            first = next(pieces, None)
            write_json(pipe, Frame.HEADER, header)
            while first is not None:
                write_frame(pipe, Frame.CHUNK, first)
                first = next(pieces, None)
        write_frame(pipe, Frame.END)
    except FleetError as error:
        _tell(pipe, error)
    except MemoryError:  # also where no engine is at work
        _tell(
            pipe,
            QueryMemoryLimitError(
                "The answer needs more memory than a query may have. Ask for fewer rows or columns."
            ),
        )


def _tell(pipe: IO[bytes], error: FleetError) -> None:
    write_json(
        pipe, Frame.ERROR, {"code": error.code, "detail": error.detail, "place": error.place}
    )
