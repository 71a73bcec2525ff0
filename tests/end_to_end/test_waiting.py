"""Hundreds wait, and plain requests are answered all the same. On behaviour, not on time."""

import asyncio
from collections.abc import Callable

import httpx

from shared_lib.testing.fleet import FleetUnderTest

STREAMS, WAITS = 200, 50


def test_streams_and_waits_leave_room_for_plain_requests(
    fleet: FleetUnderTest, land: Callable[..., dict[str, object]]
) -> None:
    flow = land("w.csv", b"a,b\n1,2\n", dataset="waiting")
    with fleet.client() as client:
        job = client.get("/v1/jobs", params={"flow": str(flow["id"])}).json()["items"][0]["id"]
    # A supervisor that stands still leaves the next flow running for as long as we like.
    supervisor = fleet.supervisor
    supervisor.suspend()
    try:
        asyncio.run(_crowd(fleet, ended_job=job, resume=supervisor.resume))
    finally:
        supervisor.resume()


async def _crowd(fleet: FleetUnderTest, *, ended_job: str, resume: Callable[[], None]) -> None:
    limits = httpx.Limits(max_connections=STREAMS + WAITS + 10)
    headers = {"Authorization": f"Bearer {fleet.key}"}
    async with httpx.AsyncClient(
        base_url=fleet.address, headers=headers, limits=limits, timeout=120
    ) as client:
        landed = await client.put("/v1/uploads/c.csv?dataset=crowd", content=b"a,b\n3,4\n")
        flow = landed.json()["version"]["flow_id"]
        opened = asyncio.Semaphore(0)
        streams = [asyncio.create_task(_stream(client, flow, opened)) for _ in range(STREAMS)]
        for _ in range(STREAMS):
            await opened.acquire()
        waits = [asyncio.create_task(_wait(client, flow)) for _ in range(WAITS)]
        for _ in range(20):
            plain = await client.get(f"/v1/jobs/{ended_job}")
            assert plain.json()["state"] == "succeeded", plain.text
            written = await client.put("/v1/uploads/p.csv", content=b"plain,write\n1,2\n")
            assert written.status_code == 201, written.text
        assert not any(task.done() for task in (*streams, *waits))
        resume()
        ends = await asyncio.gather(*streams)
        states = await asyncio.gather(*waits)
    assert ends == ["end"] * STREAMS
    assert states == ["succeeded"] * WAITS


async def _wait(client: httpx.AsyncClient, flow: str) -> str:
    """Ask until the flow has ended; a single request waits for a minute at most."""
    while True:
        answer = await client.get(f"/v1/flows/{flow}", headers={"Prefer": "wait=60"})
        assert answer.status_code == 200, answer.text
        state: str = answer.json()["state"]
        if state != "running":
            return state


async def _stream(client: httpx.AsyncClient, flow: str, opened: asyncio.Semaphore) -> str:
    """Read events until the last one; its name."""
    name = ""
    async with client.stream("GET", f"/v1/flows/{flow}/events") as response:
        async for line in response.aiter_lines():
            if line.startswith("event: "):
                if not name:
                    opened.release()
                name = line.removeprefix("event: ")
    return name
