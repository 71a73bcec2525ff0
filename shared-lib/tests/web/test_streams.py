"""Event streams and `Prefer: wait`: complete, resumable, and never in the way of plain requests."""

import asyncio
import json
import threading
from typing import Any

import anyio.to_thread
import httpx
import pytest

from shared_lib.contracts.jobs import JobState
from shared_lib.jobs import JobContext, JobQueue
from shared_lib.jobs.child import _start
from shared_lib.jobs.repository import JobRepository
from shared_lib.testing.waiting import wait_until
from shared_lib.web.sse import ServerSentEvent
from shared_lib.web.tailer import READERS, Tailer

STREAMS, WAITS = 200, 50
PLAIN_REQUEST_THREADS = 40
"""What anyio lets run at once for everything that is no stream and no wait."""


def run(served: Any, job_id: str) -> JobContext:
    """Claim the job as a supervisor does and begin as a child does."""
    with served.runtime.database.write() as unit:
        job = JobRepository(unit).claim(kinds=served.runtime.kinds, worker="w", lease_s=600)
        assert job is not None
        assert job.id == job_id
        fence = job.fence
    claimed = _start(served.runtime, job_id=job_id, fence=fence)
    assert claimed is not None
    return JobContext(claimed, runtime=served.runtime, scratch=served.runtime.settings.data)


def parse(block: str) -> dict[str, Any]:
    lines = [line.partition(": ") for line in block.splitlines() if not line.startswith(":")]
    event: dict[str, Any] = {name: value for name, _, value in lines}
    if "data" in event:
        event["data"] = json.loads(event["data"])
    return event


def parse_all(text: str) -> list[dict[str, Any]]:
    return [event for event in map(parse, text.split("\n\n")) if "event" in event]


def waiting(served: Any) -> int:
    return served.app.state.service.job_tailer.waiting


def test_a_stream_tells_the_whole_story_in_order_and_ends(served: Any) -> None:
    job_id = served.request_job()
    with served.client() as client:
        with client.stream("GET", f"/v1/jobs/{job_id}/events") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            assert stream.headers["cache-control"] == "no-store"
            wait_until(lambda: waiting(served) == 1)
            context = run(served, job_id)
            for step in range(1, 4):
                context.log(f"step {step}")
                context.progress(step, 3, unit="rows")
            with context.publish({"answer": 42}):
                pass
            events = parse_all("".join(stream.iter_text()))
        assert wait_until(lambda: waiting(served) == 0, what="the end of the wait") is True

        told = [e["data"].get("state") or e["data"].get("message") for e in events if "id" in e]
        assert told == [
            "queued",
            "running",
            "step 1",
            "step 2",
            "step 3",
            "succeeded",
            "succeeded",
        ]
        assert events[-1]["event"] == "end"
        assert events[-1]["data"]["result"] == {"answer": 42}
        progress = [e["data"]["done"] for e in events if e["event"] == "progress"]
        assert progress[0] == 0
        assert progress[-1] == 3

        # Resumed anywhere, what is told is what was not.
        ids = [e["id"] for e in events if "id" in e][:-1]
        for number, last in enumerate(ids):
            resumed = client.get(f"/v1/jobs/{job_id}/events", headers={"last-event-id": last})
            again = [e for e in parse_all(resumed.text) if "id" in e and e["event"] != "end"]
            assert [e["id"] for e in again] == ids[number + 1 :]


@pytest.mark.parametrize("last", ["x", "-1", "9" * 40, "1.5", "٣"])
def test_a_last_event_id_that_is_not_ours_begins_at_the_beginning(served: Any, last: str) -> None:
    job_id = served.request_job()
    with run(served, job_id).publish({}):
        pass
    with served.client() as client:
        told = client.get(f"/v1/jobs/{job_id}/events", headers={b"last-event-id": last.encode()})

    assert [e["event"] for e in parse_all(told.text)] == [
        "state",
        "state",
        "state",
        "progress",
        "end",
    ]


def test_a_client_that_leaves_is_forgotten(served: Any) -> None:
    job_id = served.request_job()
    with served.client() as client, client.stream("GET", f"/v1/jobs/{job_id}/events") as stream:
        # Kept: an iterator that nobody holds is collected, and closes the connection with it.
        chunks = stream.iter_bytes()
        next(chunks)
        wait_until(lambda: waiting(served) == 1)
    wait_until(lambda: waiting(served) == 0, what="the server to notice")


def test_prefer_wait_answers_at_the_end_or_after_its_time(served: Any) -> None:
    job_id = served.request_job()
    with served.client() as client:
        early = client.get(f"/v1/jobs/{job_id}", headers={"prefer": "wait=0"})
        assert early.json()["state"] == "queued"
        assert early.headers["preference-applied"] == "wait=0"

        answers: list[httpx.Response] = []
        thread = threading.Thread(
            target=lambda: answers.append(
                client.get(f"/v1/jobs/{job_id}", headers={"prefer": "respond-async, wait=30"})
            )
        )
        thread.start()
        wait_until(lambda: waiting(served) == 1)
        assert answers == []
        with run(served, job_id).publish({"answer": 1}):
            pass
        thread.join()

    assert answers[0].json()["state"] == "succeeded"
    assert answers[0].headers["preference-applied"] == "wait=30"


def test_ending_the_streams_lets_the_server_stop_while_jobs_run(serve: Any) -> None:
    with serve() as served, served.client() as client:
        job_id = served.request_job()
        with client.stream("GET", f"/v1/jobs/{job_id}/events") as stream:
            wait_until(lambda: waiting(served) == 1)
            served.end_streams()
            events = parse_all("".join(stream.iter_text()))
        assert [e["event"] for e in events] == ["state", "progress"]
        # Waits end too, and at once.
        late = client.get(f"/v1/jobs/{job_id}", headers={"prefer": "wait=30"})
        assert late.json()["state"] == "queued"


async def follow(client: httpx.AsyncClient, job_id: str) -> list[str]:
    async with client.stream("GET", f"/v1/jobs/{job_id}/events") as stream:
        text = "".join([part async for part in stream.aiter_text()])
    return [event["event"] for event in parse_all(text)]


async def crowd(served: Any, job_ids: list[str]) -> tuple[list[list[str]], list[str], list[int]]:
    """200 streams and 50 waits; meanwhile a plain read and a plain write."""
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(
        base_url=served.address, headers=served.headers(), limits=limits, timeout=60
    ) as client:

        async def wait(job_id: str) -> str:
            answer = await client.get(f"/v1/jobs/{job_id}", headers={"prefer": "wait=60"})
            state: str = answer.json()["state"]
            return state

        streams = [
            asyncio.create_task(follow(client, job_ids[n % len(job_ids)])) for n in range(STREAMS)
        ]
        waits = [asyncio.create_task(wait(job_ids[n % len(job_ids)])) for n in range(WAITS)]
        await anyio.to_thread.run_sync(
            lambda: wait_until(lambda: waiting(served) == STREAMS + WAITS, what="all to wait")
        )

        statuses = [
            (await client.get("/v1/things")).status_code,
            (await client.post("/v1/things", json={"name": "a"})).status_code,
            (await client.get(f"/v1/jobs/{job_ids[0]}")).status_code,
        ]
        assert not any(task.done() for task in [*streams, *waits])
        await anyio.to_thread.run_sync(end_all, served, job_ids)
        return await asyncio.gather(*streams), await asyncio.gather(*waits), statuses


def end_all(served: Any, job_ids: list[str]) -> None:
    for job_id in job_ids:
        with served.runtime.database.write() as unit:
            JobQueue(served.runtime).cancel(unit, job_id=job_id, tenant="tn_a")


@pytest.mark.parametrize("dialect", ["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def test_two_hundred_streams_and_fifty_waits_are_in_nobodys_way(serve: Any, dialect: str) -> None:
    with serve(dialect) as served:
        job_ids = [served.request_job() for _ in range(5)]
        threads_before = threading.active_count()
        opened = 0

        def watch_connections() -> None:
            nonlocal opened
            while not done.is_set():
                opened = max(opened, served.runtime.database.engine.pool.checkedout())
                done.wait(0.001)

        done = threading.Event()
        watcher = threading.Thread(target=watch_connections)
        watcher.start()
        streams, waits, statuses = asyncio.run(crowd(served, job_ids))
        done.set()
        watcher.join()

        assert statuses == [200, 201, 200]
        assert {events[-1] for events in streams} == {"end"}
        told = {tuple(e for e in events if e != "progress") for events in streams}
        assert told == {("state", "state", "end")}
        assert waits == [JobState.CANCELLED] * WAITS
        # The waiters share a few readers; what plain requests use is bounded by their own pool.
        shared = READERS + PLAIN_REQUEST_THREADS + 5
        assert opened <= shared
        assert threading.active_count() - threads_before <= shared
        wait_until(lambda: waiting(served) == 0)


def test_an_event_is_framed_so_that_text_cannot_break_it() -> None:
    event = ServerSentEvent(name="log", data={"message": "a\n\nevent: end\r\ndata: x ü"}, id="7")
    lines = event.encode().decode().split("\n")

    assert lines[0] == "event: log"
    assert lines[1] == "id: 7"
    assert len(lines) == 5
    assert lines[3:] == ["", ""]


def test_a_tailer_goes_on_when_a_look_fails() -> None:
    looks = []

    def changed(keys: frozenset[str]) -> list[str]:
        looks.append(keys)
        if len(looks) == 1:
            raise OSError("away")
        return ["a", "not waited for"]

    async def main() -> None:
        tailer = Tailer(changed, every_s=0.01)
        async with tailer.subscribe("a") as event:
            await asyncio.wait_for(event.wait(), 10)
        assert tailer.waiting == 0
        # Nobody waits: it does not look any more.
        await asyncio.wait_for(tailer._task, 10)  # type: ignore[arg-type]
        seen = len(looks)
        async with tailer.subscribe("a") as event:
            await asyncio.wait_for(event.wait(), 10)
        assert len(looks) > seen
        await tailer.close()

    asyncio.run(main())
    assert set(looks) == {frozenset({"a"})}
