"""What the benchmarks of proxies share: contenders, rounds of wrk, and our gateway as one."""

import argparse
import contextlib
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from _measuring import cpu_seconds

from shared_lib.testing.waiting import wait_until

PATH = "/v1/datasets"
BODY = json.dumps({"items": [{"id": f"ds_{n:032x}", "name": "sales"} for n in range(8)]})
KEY = re.compile(r"fleet_[a-z0-9]+_[0-9a-f]{32}_[0-9A-Za-z]{43}_[0-9a-f]{8}")
DOOR_SECRET = secrets.token_hex(16)

NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log warn;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 60s;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  {content}
}}
"""


@dataclass
class Contender:
    """One way to the body, and what was measured of it."""

    name: str
    port: int
    pids: tuple[int, ...]
    key: str = "none"
    cpu_us: list[float] = field(default_factory=list)
    per_second: list[float] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where the body is asked for."""
        return f"http://127.0.0.1:{self.port}{PATH}"


def need(tool: str, package: str) -> str:
    """The tool's path, or the way to get it."""
    found = shutil.which(tool) or shutil.which(tool, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        sys.exit(f"{tool} is not here. Debian: apt-get install {package}; macOS: brew install it.")
    return found


@contextlib.contextmanager
def process(
    command: list[str], *, port: int, log: Path, environment: dict[str, str] | None = None
) -> Iterator[int]:
    """Run until the block ends; yields the process id when the port answers."""
    with log.open("wb") as output:
        child = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
    try:
        wait_until(lambda: child.poll() is not None or answers(port), timeout_s=60, what=command[0])
        if child.poll() is not None:
            sys.exit(f"{command} ended:\n{log.read_text()}")
        yield child.pid
    finally:
        child.terminate()
        child.wait(30)


def answers(port: int) -> bool:
    """Whether somebody accepts connections there."""
    try:
        httpx.get(f"http://127.0.0.1:{port}/", timeout=5)
    except httpx.TransportError:
        return False
    return True


def run_gateway(
    stack: contextlib.ExitStack, folder: Path, *, port: int, upstreams: str
) -> tuple[int, str]:
    """Our gateway in the shape in which services are elsewhere; its process id and owner key.

    Args:
        upstreams: addresses of the replicas, separated by commas.
    """
    log = folder / "gateway.log"
    environment = {
        "FLEET_MODE": "embedded",
        "FLEET_DATA": str(folder / "data"),
        "FLEET_HTTP__PORT": str(port),
        "FLEET_SERVICE_URLS": json.dumps({"svc-ingest": upstreams}),
        "FLEET_DOOR_SECRET": DOOR_SECRET,
        "FLEET_TRUSTED_PROXIES": '["127.0.0.1/32"]',
        # The limiter works on every request and is never reached.
        "FLEET_LIMITS__REQUESTS_PER_SECOND": "1000000",
        "FLEET_LIMITS__BURST": "1000000",
    }
    command = [sys.executable, "-m", "gateway"]
    pid = stack.enter_context(process(command, port=port, log=log, environment=environment))
    found = KEY.search(log.read_text())
    if found is None:
        sys.exit(f"the gateway showed no key:\n{log.read_text()}")
    return pid, found[0]


def check(contender: Contender) -> None:
    """The answer is the upstream's, byte for byte."""
    answer = httpx.get(contender.url, headers={"authorization": f"Bearer {contender.key}"})
    if answer.status_code != 200 or answer.text != BODY:
        sys.exit(f"{contender.name} answered {answer.status_code}: {answer.text[:300]}")


def load(contender: Contender, *, seconds: int, connections: int) -> None:
    """One round of wrk."""
    check(contender)
    before = sum(map(cpu_seconds, contender.pids))
    command = [need("wrk", "wrk"), "-t1", f"-c{connections}", f"-d{seconds}s",
               "-H", f"Authorization: Bearer {contender.key}", contender.url]  # fmt: skip
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    # The log's writer finishes its last batch: that work belongs to these requests.
    time.sleep(1.0)
    used = sum(map(cpu_seconds, contender.pids)) - before
    found = re.search(r"(\d+) requests in", output)
    if found is None or "Non-2xx" in output or int(found[1]) == 0:
        sys.exit(f"{contender.name}: not every answer was good:\n{output}")
    contender.cpu_us.append(used / int(found[1]) * 1e6)
    contender.per_second.append(int(found[1]) / seconds)


def measure(
    contenders: Callable[[Path], AbstractContextManager[list[Contender]]],
    report: Callable[[list[Contender]], None],
    *,
    about: str,
) -> None:
    """A benchmark's command line: rounds over all contenders, checked before and after."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=32)
    chosen = parser.parse_args()
    need("wrk", "wrk")
    with tempfile.TemporaryDirectory(prefix="fleet-bench-") as folder:
        with contenders(Path(folder)) as found:
            for _ in range(chosen.rounds):
                for each in found:
                    load(each, seconds=chosen.seconds, connections=chosen.connections)
            for each in found:
                check(each)
        report(found)
