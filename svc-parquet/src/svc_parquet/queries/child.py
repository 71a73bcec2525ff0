"""`python -m svc_parquet.queries.child`: answers questions to tables, beside the API."""

import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pyarrow as pa

from shared_lib.answering.child import Answer, answer_all
from shared_lib.contracts.queries import RowFilter
from svc_parquet.queries.encoding import encode
from svc_parquet.queries.engine import Engine
from svc_parquet.queries.forms import Form
from svc_parquet.queries.paging import Asked, read_page, refuse_unknown
from svc_parquet.savings.footers import read_layout
from svc_parquet.versions.comparing import compare_rows, open_both

BESIDES_THE_ENGINE = 3 * 1024**3
"""Address space for code, threads and the answer itself."""


def main() -> None:
    """Answer until the API closes the pipe."""
    memory_bytes, threads = int(sys.argv[1]), int(sys.argv[2])

    def fresh() -> Engine:
        return Engine(memory_bytes=memory_bytes, threads=threads)

    def answer(question: dict[str, Any], engine: Engine) -> Answer:
        return _KINDS[question["kind"]](question, engine)

    pa.set_cpu_count(threads)
    answer_all(answer, fresh=fresh, address_space_bytes=memory_bytes + BESIDES_THE_ENGINE)


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
