"""Parsing in child processes that may die: a bad document costs itself only."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from queue import SimpleQueue

import orjson

from svc_knowledgebase.building.child import LENGTH, memory_error
from svc_knowledgebase.building.parsed import Recipe, failure_to_bytes
from svc_knowledgebase.documents.errors import DocumentError, DocumentLimitError

_COMMAND = (sys.executable, "-m", "svc_knowledgebase.building.child")
_OF_TIME = frozenset({signal.SIGPROF, signal.SIGALRM, signal.SIGXCPU})


@dataclass(frozen=True, slots=True)
class Document:
    """A document that waits to be parsed.

    Attributes:
        key: names what it gives.
        place: where its bytes lie.
        name: file name; its ending decides, where the bytes do not.
        sha256: of its bytes; should they have changed since, nothing is parsed.
    """

    key: str
    place: Path
    name: str
    sha256: str


class ParserEndedError(Exception):
    """Somebody ended the child from outside; the document is not to blame."""


class ParserChild:
    """One child, started when there is something to parse and started anew when it has died."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._process: subprocess.Popen[bytes] | None = None

    def parse(self, document: Document) -> bytes:
        """What the document gave, or why the child died of it.

        Raises:
            ParserEndedError: the child was killed twice by somebody else.
        """
        for _ in range(2):
            answer = self._ask(document)
            if answer is not None:
                return answer
            code = self._buried()
            if code not in (-signal.SIGKILL, -signal.SIGTERM):
                return failure_to_bytes(self._cause(code))
        raise ParserEndedError(f"The parser was killed twice while it read {document.name}.")

    def close(self) -> None:
        """End the child."""
        if self._process is not None:
            self._process.kill()
            self._buried()

    def _ask(self, document: Document) -> bytes | None:
        process = self._process or self._start()
        assert process.stdin  # noqa: S101 - it is a pipe
        assert process.stdout  # noqa: S101 - it is a pipe
        request = {
            "place": os.fsencode(document.place).hex(),
            "name": document.name,
            "sha256": document.sha256,
        }
        try:
            process.stdin.write(orjson.dumps(request) + b"\n")
            process.stdin.flush()
        except BrokenPipeError:
            return None
        length = process.stdout.read(LENGTH.size)
        if len(length) < LENGTH.size:
            return None
        size: int = LENGTH.unpack(length)[0]
        answer = process.stdout.read(size)
        return answer if len(answer) == size else None

    def _start(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert self._process.stdin  # noqa: S101 - it is a pipe
        with suppress(BrokenPipeError):
            recipe = {"asked": self._recipe.asked, "engines": self._recipe.engines}
            self._process.stdin.write(orjson.dumps(recipe) + b"\n")
        return self._process

    def _buried(self) -> int:
        process, self._process = self._process, None
        assert process is not None  # noqa: S101 - it was asked
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
        return process.wait()

    def _cause(self, code: int) -> DocumentError:
        if -code in _OF_TIME:
            return DocumentLimitError(
                f"Reading it takes more than {self._recipe.limits.cpu_s:g} seconds of processor "
                "time. Split it, or allow more (document_cpu_s)."
            )
        if -code == signal.SIGABRT or code == 1:
            return memory_error(self._recipe)
        name = signal.Signals(-code).name if code < 0 else f"code {code}"
        return DocumentLimitError(
            f"Its parser crashed ({name}): out of memory, or a document made to crash it."
        )


def parse_all(
    documents: Iterable[Document], *, recipe: Recipe, workers: int
) -> Iterator[tuple[Document, bytes]]:
    """Parse by some children at a time; results as they come, empty for changed bytes.

    Raises:
        ParserEndedError: somebody keeps killing the children.
    """
    children: SimpleQueue[ParserChild] = SimpleQueue()
    made = [ParserChild(recipe) for _ in range(workers)]
    for child in made:
        children.put(child)

    def parse(document: Document) -> tuple[Document, bytes]:
        child = children.get()
        try:
            return document, child.parse(document)
        finally:
            children.put(child)

    rest = iter(documents)
    try:
        with ThreadPoolExecutor(workers) as pool:
            running: set[Future[tuple[Document, bytes]]] = {
                pool.submit(parse, each) for each in islice(rest, 2 * workers)
            }
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                running |= {pool.submit(parse, each) for each in islice(rest, len(done))}
                for each in done:
                    yield each.result()
    finally:
        for child in made:
            child.close()
