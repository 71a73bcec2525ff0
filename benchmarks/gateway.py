"""CPU time a request: our gateway against nginx and against FastAPI + httpx.

    python benchmarks/gateway.py [--seconds 3] [--rounds 3] [--connections 32]

Every proxy forwards the same small JSON from the same nginx on loopback. Ours does all that it
does in production: guard, key check, rate limit, identity token, request log in database and file,
metrics. The peer is the gateway most people write: a FastAPI route with a key dependency, httpx,
StreamingResponse. nginx proxies and nothing else. The figure is user + system time of the proxy's
process tree divided by the requests that were answered, which a busy machine disturbs little;
medians over interleaved rounds. Each proxy's answer is compared with the direct one first, and a
round with an answer other than 200 fails.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from _measuring import cpu_seconds, verdict

from shared_lib.testing.processes import free_port
from shared_lib.testing.waiting import wait_until

PATH = "/v1/datasets"
BODY = json.dumps({"items": [{"id": f"ds_{n:032x}", "name": "sales"} for n in range(8)]})
KEY = re.compile(r"fleet_[a-z0-9]+_[0-9a-f]{32}_[0-9A-Za-z]{43}_[0-9a-f]{8}")
GOAL_NGINX, STRETCH_NGINX, GOAL_HTTPX = 16.0, 6.0, 15.0

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
STATIC = """
  server {{ listen 127.0.0.1:{port}; location / {{
    default_type application/json; return 200 '{body}'; }} }}
"""
PROXY = """
  upstream behind {{ server 127.0.0.1:{upstream}; keepalive 64; keepalive_requests 100000000; }}
  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://behind;
    proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
    proxy_set_header X-Forwarded-For $remote_addr; }} }}
"""
FASTAPI = """
import hashlib, os
import httpx
from contextlib import asynccontextmanager
from fastapi import Depends, FastAPI, Header, HTTPException, Request
from fastapi.responses import StreamingResponse
from starlette.background import BackgroundTask

GOOD = {hashlib.sha256(os.environ["PEER_KEY"].encode()).hexdigest()}
HOP = {"connection", "keep-alive", "transfer-encoding", "host", "authorization"}

@asynccontextmanager
async def lifespan(app):
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=100)
    async with httpx.AsyncClient(base_url=os.environ["PEER_UPSTREAM"], limits=limits) as client:
        app.state.client = client
        yield

app = FastAPI(lifespan=lifespan)

async def check(authorization: str = Header()):
    if hashlib.sha256(authorization.removeprefix("Bearer ").encode()).hexdigest() not in GOOD:
        raise HTTPException(401)

@app.api_route("/{path:path}", methods=["GET", "POST", "PUT", "DELETE"],
               dependencies=[Depends(check)])
async def forward(path: str, request: Request):
    headers = [(k, v) for k, v in request.headers.items() if k not in HOP]
    made = app.state.client.build_request(
        request.method, "/" + path, headers=headers, content=request.stream())
    answer = await app.state.client.send(made, stream=True)
    kept = {k: v for k, v in answer.headers.items() if k not in HOP}
    return StreamingResponse(
        answer.aiter_raw(), status_code=answer.status_code, headers=kept,
        background=BackgroundTask(answer.aclose))
"""


@dataclass
class Contender:
    """One way to the body, and what was measured of it."""

    name: str
    port: int
    pid: int
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


@contextlib.contextmanager
def contenders(folder: Path) -> Iterator[list[Contender]]:
    """All of them, running."""
    nginx = need("nginx", "nginx-light")
    with contextlib.ExitStack() as stack:

        def run_nginx(name: str, content: str, port: int) -> int:
            home = folder / name
            home.mkdir()
            config = home / "nginx.conf"
            config.write_text(NGINX.format(folder=home, content=content))
            command = [nginx, "-p", str(home), "-e", str(home / "error.log"), "-c", str(config)]
            return stack.enter_context(process(command, port=port, log=home / "log"))

        upstream, through, ours, peer = (free_port() for _ in range(4))
        direct_pid = run_nginx("upstream", STATIC.format(port=upstream, body=BODY), upstream)
        proxy_pid = run_nginx("proxy", PROXY.format(port=through, upstream=upstream), through)
        gateway_pid, key = run_gateway(stack, folder, port=ours, upstream=upstream)
        (folder / "peer.py").write_text(FASTAPI)
        peer_pid = stack.enter_context(
            process(
                [sys.executable, "-m", "uvicorn", "--port", str(peer), "--no-access-log",
                 "--loop", "uvloop", "--http", "httptools", "--app-dir", str(folder), "peer:app"],
                port=peer,
                log=folder / "peer.log",
                environment={"PEER_KEY": key, "PEER_UPSTREAM": f"http://127.0.0.1:{upstream}"},
            )
        )  # fmt: skip
        yield [
            Contender("direct", upstream, direct_pid),
            Contender("nginx", through, proxy_pid),
            Contender("gateway", ours, gateway_pid, key),
            Contender("FastAPI + httpx", peer, peer_pid, key),
        ]


def run_gateway(
    stack: contextlib.ExitStack, folder: Path, *, port: int, upstream: int
) -> tuple[int, str]:
    """Our gateway in the shape in which services are elsewhere; its process id and owner key."""
    log = folder / "gateway.log"
    environment = {
        "FLEET_MODE": "embedded",
        "FLEET_DATA": str(folder / "data"),
        "FLEET_HTTP__PORT": str(port),
        "FLEET_SERVICE_URLS": json.dumps({"svc-ingest": f"http://127.0.0.1:{upstream}"}),
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
    before = cpu_seconds(contender.pid)
    command = [need("wrk", "wrk"), "-t1", f"-c{connections}", f"-d{seconds}s",
               "-H", f"Authorization: Bearer {contender.key}", contender.url]  # fmt: skip
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    # The log's writer finishes its last batch: that work belongs to these requests.
    time.sleep(1.0)
    used = cpu_seconds(contender.pid) - before
    found = re.search(r"(\d+) requests in", output)
    if found is None or "Non-2xx" in output or int(found[1]) == 0:
        sys.exit(f"{contender.name}: not every answer was good:\n{output}")
    contender.cpu_us.append(used / int(found[1]) * 1e6)
    contender.per_second.append(int(found[1]) / seconds)


def report(found: list[Contender]) -> None:
    """The table and the verdicts."""
    cpu = {each.name: statistics.median(each.cpu_us) for each in found}
    print(f"{'':18}{'CPU us/request':>16}{'x nginx':>10}{'requests/s':>12}   all rounds")
    for each in found:
        rounds = " ".join(f"{value:.0f}" for value in each.cpu_us)
        print(
            f"{each.name:18}{cpu[each.name]:16.1f}{cpu[each.name] / cpu['nginx']:10.1f}"
            f"{statistics.median(each.per_second):12.0f}   {rounds}"
        )
    to_nginx = cpu["gateway"] / cpu["nginx"]
    to_httpx = cpu["FastAPI + httpx"] / cpu["gateway"]
    goal, stretch = verdict(to_nginx, goal=GOAL_NGINX), verdict(to_nginx, goal=STRETCH_NGINX)
    print(f"gateway / nginx: {to_nginx:.1f} ({goal}; stretch {stretch})")
    goal = verdict(to_httpx, goal=GOAL_HTTPX, at_least=True)
    print(f"FastAPI + httpx / gateway: {to_httpx:.1f} ({goal})")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description="CPU time a request of the gateway")
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


if __name__ == "__main__":
    main()
