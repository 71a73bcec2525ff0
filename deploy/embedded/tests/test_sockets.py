"""Where calls between services go."""

import asyncio
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from fleet_embedded.sockets import MAX_SOCKET_PATH, socket_path
from fleet_embedded.switchboard import Switchboard
from shared_lib.contracts.services import ServiceName


def test_the_socket_lies_in_the_data_folder() -> None:
    assert socket_path(Path("/srv/data")) == Path("/srv/data/run/services.sock")


def test_a_path_that_a_socket_cannot_have_is_replaced_by_a_short_one_of_its_own() -> None:
    first, second = (socket_path(Path("/srv") / ("x" * 200) / name) for name in ("a", "b"))

    assert first != second
    assert len(str(first)) <= MAX_SOCKET_PATH


@pytest.mark.parametrize(("host", "status"), [("svc-ingest", 200), ("svc-parquet", 421)])
def test_the_host_says_who_is_meant(host: str, status: int) -> None:
    app = Starlette(routes=[Route("/", lambda _: PlainTextResponse("ingest"))])
    transport = httpx.ASGITransport(Switchboard({ServiceName.INGEST: app}))

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
            return await client.get("/")

    assert asyncio.run(ask()).status_code == status
