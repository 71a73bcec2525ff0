"""`python -m svc_parquet.queries.child`: answers one question after another, over its pipes.

Started by the API, which never imports an engine itself. It has none of the API's variables, may
write no file and no core, ends with the API, and has the next question's database ready.
"""

import json
import os
import resource
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import IO, Any

import pyarrow as pa

from shared_lib.contracts.errors import FleetError
from shared_lib.contracts.queries import RowFilter
from svc_parquet.queries.encoding import encode
from svc_parquet.queries.engine import Engine
from svc_parquet.queries.errors import QueryMemoryLimitError
from svc_parquet.queries.forms import Form
from svc_parquet.queries.framing import Frame, read_frame, write_frame, write_json
from svc_parquet.queries.paging import Asked, read_page, refuse_unknown
from svc_parquet.savings.footers import read_layout
from svc_parquet.versions.comparing import compare_rows, open_both

LOOKS_FOR_PARENT_S = 1.0
BESIDES_THE_ENGINE = 3 * 1024**3
"""Address space for code, threads and the answer itself."""

Answer = tuple[dict[str, Any], Iterator[bytes]]


def main() -> None:
    """Answer until the API closes the pipe."""
    memory_bytes, threads = int(sys.argv[1]), int(sys.argv[2])
    answers, questions = _own_pipes()
    _shut_in(memory_bytes)
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    pa.set_cpu_count(threads)
    engine = Engine(memory_bytes=memory_bytes, threads=threads)
    while (frame := read_frame(questions)) is not None:
        _answer(answers, json.loads(frame[1]), engine=engine)
        engine = Engine(memory_bytes=memory_bytes, threads=threads)


def _own_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Keep the pipes for frames; whatever prints goes to the log."""
    answers = os.fdopen(os.dup(1), "wb")
    questions = os.fdopen(os.dup(0), "rb")
    os.dup2(2, 1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    return answers, questions


def _shut_in(memory_bytes: int) -> None:
    """No file can be written, no process started, and memory has an end."""
    limits = {
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 512,
    }
    if sys.platform == "linux":
        limits[resource.RLIMIT_AS] = memory_bytes + BESIDES_THE_ENGINE
    for kind, most in limits.items():
        resource.setrlimit(kind, (most, most))


def _end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOKS_FOR_PARENT_S)
    os._exit(1)


def _answer(pipe: IO[bytes], question: dict[str, Any], *, engine: Engine) -> None:
    """Send the answer's header and pieces; an error in the place of the header, or of the end."""
    try:
        with engine.within(question["seconds"]):
            header, pieces = _KINDS[question["kind"]](question, engine)
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


def _query(question: dict[str, Any], engine: Engine) -> Answer:
    engine.open(question["parts"])
    engine.check(question["sql"])
    types = engine.column_types(question["sql"])
    table, truncated = engine.run(
        question["sql"], limit=question["limit"], most_bytes=question["most_bytes"]
    )
    header = {"rows": table.num_rows, "truncated": truncated}
    form = Form(question["form"])
    return header, encode(table, form, types=types, truncated=truncated)


def _page(question: dict[str, Any], engine: Engine) -> Answer:
    engine.open(question["parts"])
    asked = Asked(
        offset=question["offset"],
        limit=question["limit"],
        columns=question["columns"],
        sort=question["sort"],
        descending=question["descending"],
        filters=tuple(RowFilter.model_validate(each) for each in question["filters"]),
    )
    refuse_unknown(asked, known=question["known"])
    found = read_page(question["parts"], asked, engine=engine, most_bytes=question["most_bytes"])
    header = {"rows": found.rows, "total": found.total, "total_exact": found.total_exact}
    return header, iter(())


def _layout(question: dict[str, Any], engine: Engine) -> Answer:  # noqa: ARG001 - one shape for all
    return asdict(read_layout(question["parts"])), iter(())


def _compare(question: dict[str, Any], engine: Engine) -> Answer:
    open_both(engine, before=question["before"], after=question["after"])
    found = compare_rows(
        engine,
        key=question["key"],
        compared=question["compared"],
        most_bytes=question["most_bytes"],
    )
    return found, iter(())


_KINDS: dict[str, Callable[[dict[str, Any], Engine], Answer]] = {
    "query": _query,
    "page": _page,
    "layout": _layout,
    "compare": _compare,
}

if __name__ == "__main__":
    main()
