"""Log lines: one JSON object each, carrying the ids that are bound."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import pytest

from shared_lib.observability import bind, bound
from shared_lib.observability.logs import JsonLineFormatter


@pytest.fixture
def output() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLineFormatter("svc-x"))
    logger = logging.getLogger("fleet.test")
    logger.addHandler(handler)
    logger.propagate = False
    logger.setLevel("INFO")
    yield stream
    logger.removeHandler(handler)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_has_its_ids_its_facts_and_its_trace(output: io.StringIO) -> None:
    logger = logging.getLogger("fleet.test")
    with bind(request_id="r", flow_id=None):
        logger.info("a\nb %s", "c", extra={"rows": 3, "path": object})
        try:
            raise KeyError("x")  # noqa: TRY301 - raised to be logged
        except KeyError:
            logger.exception("failed")
    first, second = lines(output)

    assert first["message"] == "a\nb c"
    assert (first["service"], first["level"], first["logger"]) == ("svc-x", "INFO", "fleet.test")
    assert (first["request_id"], first["rows"]) == ("r", 3)
    assert "flow_id" not in first
    assert first["at"].endswith("Z")
    assert "KeyError" in second["exception"]


def test_ids_are_bound_inside_the_block_only_and_add_up() -> None:
    assert dict(bound()) == {}
    with bind(a="1"), bind(b="2"):
        assert dict(bound()) == {"a": "1", "b": "2"}
        with ThreadPoolExecutor(1) as pool:
            assert dict(pool.submit(bound).result()) == {}
            assert dict(pool.submit(copy_context().run, bound).result()) == {"a": "1", "b": "2"}
    assert dict(bound()) == {}


def test_tasks_do_not_see_each_others_ids() -> None:
    async def one(name: str) -> str:
        with bind(name=name):
            await asyncio.sleep(0)
            return bound()["name"]

    async def both() -> list[str]:
        return list(await asyncio.gather(one("a"), one("b")))

    assert asyncio.run(both()) == ["a", "b"]
