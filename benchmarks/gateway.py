"""CPU time a request: our gateway against nginx and against FastAPI + httpx.

    python benchmarks/gateway.py [--seconds 3] [--rounds 3] [--connections 32]

Every proxy forwards the same small JSON from the same nginx on loopback. Ours does all that it
does in production: guard, key check, rate limit, identity token, request log in database and file,
metrics. The peer is the gateway most people write: a FastAPI route with a key dependency, httpx,
StreamingResponse. nginx proxies and nothing else. The door is deploy/nginx in front of the same
gateway: its work and the gateway's together. The figure is user + system time of the proxy's
process tree divided by the requests that were answered, which a busy machine disturbs little;
medians over interleaved rounds. Each proxy's answer is compared with the direct one first, and a
round with an answer other than 200 fails.
"""

import contextlib
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from _measuring import verdict
from _proxies import (
    BODY,
    DOOR_SECRET,
    NGINX,
    Contender,
    measure,
    need,
    process,
    run_gateway,
)

from shared_lib.contracts.services import SERVICES, ServiceName
from shared_lib.testing.processes import free_port

GOAL_NGINX, STRETCH_NGINX, GOAL_HTTPX, GOAL_DOOR = 16.0, 6.0, 15.0, 2.0

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


@contextlib.contextmanager
def contenders(folder: Path) -> Iterator[list[Contender]]:
    """All of them, running."""
    program = need("nginx", "nginx-light")
    with contextlib.ExitStack() as stack:

        def run_nginx(home: Path, content: str, port: int) -> int:
            home.mkdir()
            config = home / "nginx.conf"
            config.write_text(content)
            command = [program, "-p", str(home), "-e", str(home / "error.log"), "-c", str(config)]
            return stack.enter_context(process(command, port=port, log=home / "log"))

        def run_plain(name: str, content: str, port: int) -> int:
            return run_nginx(
                folder / name, NGINX.format(folder=folder / name, content=content), port
            )

        upstream, through, door, ours, peer = (free_port() for _ in range(5))
        direct_pid = run_plain("upstream", STATIC.format(port=upstream, body=BODY), upstream)
        proxy_pid = run_plain("proxy", PROXY.format(port=through, upstream=upstream), through)
        gateway_pid, key = run_gateway(
            stack, folder, port=ours, upstreams=f"http://127.0.0.1:{upstream}"
        )
        generated = door_config(folder / "door", port=door, upstream=upstream, gateway=ours)
        door_pid = run_nginx(folder / "door", generated, door)
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
            Contender("direct", upstream, (direct_pid,)),
            Contender("nginx", through, (proxy_pid,)),
            Contender("door", door, (door_pid, gateway_pid), key),
            Contender("gateway", ours, (gateway_pid,), key),
            Contender("FastAPI + httpx", peer, (peer_pid,), key),
        ]


def door_config(home: Path, *, port: int, upstream: int, gateway: int) -> str:
    """deploy/nginx/nginx.conf for this machine: one worker, as its peers have."""
    secret = home.with_name("door.conf")
    secret.write_text(f'set $door_secret "{DOOR_SECRET}";\n')
    members = dict.fromkeys(SERVICES, f"127.0.0.1:{upstream}")
    members[ServiceName.GATEWAY] = f"127.0.0.1:{gateway}"
    asked = {"listen": f"127.0.0.1:{port}", "folder": str(home), "door": str(secret),
             "addresses": members}  # fmt: skip
    # In a process of its own: the name of this file hides the gateway's package.
    render = "import json, sys, nginx; print(nginx.render(**json.load(sys.stdin)))"
    text = subprocess.run(
        [sys.executable, "-c", render],
        input=json.dumps(asked),
        cwd=Path(__file__).parents[1] / "scripts",
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return "daemon off; user root;" * (os.getuid() == 0) + text.replace("auto;", "1;", 1)


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
    to_door = cpu["door"] / cpu["nginx"]
    print(f"door / nginx: {to_door:.1f} ({verdict(to_door, goal=GOAL_DOOR)})")
    to_httpx = cpu["FastAPI + httpx"] / cpu["gateway"]
    goal, stretch = verdict(to_nginx, goal=GOAL_NGINX), verdict(to_nginx, goal=STRETCH_NGINX)
    print(f"gateway / nginx: {to_nginx:.1f} ({goal}; stretch {stretch})")
    goal = verdict(to_httpx, goal=GOAL_HTTPX, at_least=True)
    print(f"FastAPI + httpx / gateway: {to_httpx:.1f} ({goal})")


if __name__ == "__main__":
    measure(contenders, report, about="CPU time a request of the gateway")
