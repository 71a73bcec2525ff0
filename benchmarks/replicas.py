"""A service behind us: what the hop costs in front of two replicas, and how much of it is kept.

    python benchmarks/replicas.py [--seconds 3] [--rounds 3] [--connections 32]

Two replicas of a plain FastAPI service answer a small JSON. nginx (round robin) and our gateway
(fewest open requests) balance over the same two. The first figure is CPU time a request of the
balancer, as in `benchmarks/gateway.py`; the second is requests a second through the gateway, in
proportion to one replica asked directly.
"""

import contextlib
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

from _measuring import verdict
from _proxies import BODY, NGINX, Contender, measure, need, process, run_gateway

from shared_lib.testing.processes import free_port

GOAL_KEPT = 0.7
UPSTREAM = """
import os
from fastapi import FastAPI
from fastapi.responses import Response

app = FastAPI()
body = os.environ["BODY"].encode()

@app.get("/{path:path}")
async def answer(path: str):
    return Response(body, media_type="application/json")
"""
BALANCED = """
  upstream behind {{ {servers} keepalive 64; keepalive_requests 100000000; }}
  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://behind;
    proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; }} }}
"""


def run_replica(stack: contextlib.ExitStack, folder: Path, *, port: int) -> int:
    """One process of the service."""
    command = [sys.executable, "-m", "uvicorn", "--port", str(port), "--no-access-log"]
    command += ["--loop", "uvloop", "--http", "httptools", "--app-dir", str(folder), "upstream:app"]
    log = folder / f"replica-{port}.log"
    environment = {"BODY": BODY}
    return stack.enter_context(process(command, port=port, log=log, environment=environment))


@contextlib.contextmanager
def contenders(folder: Path) -> Iterator[list[Contender]]:
    """One replica, and both balancers in front of both."""
    (folder / "upstream.py").write_text(UPSTREAM)
    with contextlib.ExitStack() as stack:
        ports = [free_port() for _ in range(4)]
        first, second, through, ours = ports
        direct = run_replica(stack, folder, port=first)
        run_replica(stack, folder, port=second)
        home = folder / "balanced"
        home.mkdir()
        servers = f"server 127.0.0.1:{first}; server 127.0.0.1:{second};"
        content = BALANCED.format(servers=servers, port=through)
        (home / "nginx.conf").write_text(NGINX.format(folder=home, content=content))
        nginx = stack.enter_context(
            process(
                [need("nginx", "nginx-light"), "-p", str(home), "-e", str(home / "error.log"),
                 "-c", str(home / "nginx.conf")],
                port=through,
                log=home / "log",
            )
        )  # fmt: skip
        replicas = f"http://127.0.0.1:{first},http://127.0.0.1:{second}"
        gateway, key = run_gateway(stack, folder, port=ours, upstreams=replicas)
        yield [
            Contender("one replica", first, (direct,)),
            Contender("nginx", through, (nginx,)),
            Contender("gateway", ours, (gateway,), key),
        ]


def report(found: list[Contender]) -> None:
    """Both figures."""
    cpu = {each.name: statistics.median(each.cpu_us) for each in found}
    rate = {each.name: statistics.median(each.per_second) for each in found}
    for name, used in cpu.items():
        print(f"{name:12}{used:10.1f} CPU us/request{rate[name]:10.0f} requests/s")
    print(f"gateway / nginx over two replicas: {cpu['gateway'] / cpu['nginx']:.1f}")
    kept = rate["gateway"] / rate["one replica"]
    print(f"requests kept: {kept:.2f} ({verdict(kept, goal=GOAL_KEPT, at_least=True)})")


if __name__ == "__main__":
    measure(contenders, report, about="The hop in front of two replicas")
