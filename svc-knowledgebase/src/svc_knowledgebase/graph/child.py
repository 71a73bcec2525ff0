"""`python -m svc_knowledgebase.graph.child`: answers questions to graphs, beside the API."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from shared_lib.answering.child import Answer, answer_all
from svc_knowledgebase.graph.engine import Engine

BESIDES_THE_ENGINE = 3 * 1024**3
"""Address space for code, threads, and the answer itself."""
FILES = 16 * 1024**3
"""Address space for the graph's file, which is mapped."""


def main() -> None:
    """Answer until the API closes the pipe."""
    memory_bytes, threads = int(sys.argv[1]), int(sys.argv[2])

    def fresh() -> Engine:
        return Engine(memory_bytes=memory_bytes, threads=threads)

    answer_all(_ask, fresh=fresh, address_space_bytes=memory_bytes + FILES + BESIDES_THE_ENGINE)


def _ask(question: dict[str, Any], engine: Engine) -> Answer:
    header, rows = engine.ask(
        Path(question["graph"]),
        question["cypher"],
        limit=question["limit"],
        most_bytes=question["most_bytes"],
    )
    return header, _pieces(rows)


def _pieces(rows: list[list[Any]]) -> Iterator[bytes]:
    """A row a piece."""
    return (orjson.dumps(row) for row in rows)


if __name__ == "__main__":
    main()
