"""The doorbell on a real Redis: heard at once, never in the way, never piling up."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from shared_lib.jobs.ringing import RemoteDoorbell
from shared_lib.testing.processes import ServerProcess, free_port
from shared_lib.testing.servers.queues import find_redis
from shared_lib.testing.waiting import wait_until

LISTENER = """
import sys, threading
from shared_lib.jobs.ringing import RingListener

listener = RingListener(sys.argv[1], queues=sys.argv[2:], heard=lambda: print("heard", flush=True))
listener.start()
threading.Event().wait()
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A Redis of this test alone, to be hurt; the test starts it."""
    port = free_port()
    command = [find_redis(), "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    redis_server = ServerProcess(command, port=port, log=tmp_path / "redis.log")
    yield redis_server
    redis_server.kill()


def url_of(server: ServerProcess) -> str:
    return f"redis://127.0.0.1:{server.port}/0"


Listen = Callable[..., Callable[[], int]]


@pytest.fixture
def listen(tmp_path: Path) -> Iterator[Listen]:
    """`listen(url, *queues)`: a process that listens, as a worker does; how often it has heard."""
    listeners = []

    def start(url: str, *queues: str) -> Callable[[], int]:
        log = tmp_path / f"{queues[0]}.log"
        command = [sys.executable, "-c", LISTENER, url, *queues]
        listeners.append(ServerProcess(command, port=None, log=log).start())
        return lambda: log.read_text().count("heard")

    yield start
    for listener in listeners:
        listener.kill()


def test_a_ring_is_heard_by_the_queue_it_was_for(redis_url: str, listen: Listen) -> None:
    heard, others = listen(redis_url, "svc-heard", "heard.gpu"), listen(redis_url, "svc-other")

    RemoteDoorbell(redis_url, queue="svc-heard").ring()

    wait_until(lambda: heard() == 1, timeout_s=30, what="the ring")
    # A worker with a GPU hears two queues.
    RemoteDoorbell(redis_url, queue="heard.gpu").ring()
    wait_until(lambda: heard() == 2, timeout_s=30, what="the ring of the second queue")
    assert others() == 0


def test_rings_that_nobody_hears_do_not_pile_up(redis_url: str) -> None:
    bell, client = RemoteDoorbell(redis_url, queue="svc-deaf"), redis.Redis.from_url(redis_url)
    bell.ring()
    wait_until(lambda: client.llen("svc-deaf") == 1, what="the ring")
    for _ in range(200):
        bell.ring()
    # Another queue's ring comes after all of these, through a bell of its own.
    RemoteDoorbell(redis_url, queue="svc-after").ring()
    wait_until(lambda: client.llen("svc-after") == 1, what="the other ring")

    assert client.llen("svc-deaf") == 1


def test_ringing_without_redis_neither_waits_nor_fails(
    server: ServerProcess, listen: Listen
) -> None:
    bell = RemoteDoorbell(url_of(server), queue="svc-away")
    for _ in range(100):
        bell.ring()

    heard = listen(url_of(server), "svc-away")
    server.start()

    # Both find the server by themselves; of the rings before, one is kept.
    bell.ring()
    wait_until(heard, timeout_s=60, what="the ring")


def test_a_listener_hears_again_after_redis_was_killed(
    server: ServerProcess, listen: Listen
) -> None:
    server.start()
    heard = listen(url_of(server), "svc-back")
    bell = RemoteDoorbell(url_of(server), queue="svc-back")
    bell.ring()
    wait_until(heard, timeout_s=30, what="the ring")

    server.kill()
    server.start()

    wait_until(lambda: bell.ring() or heard() > 1, timeout_s=60, what="a ring")
