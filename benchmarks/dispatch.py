"""How long a job waits: from the request that asks for it to the moment its child runs.

    python benchmarks/dispatch.py [--requests 30]

There is no peer in this: the figures are wall time of a warm embedded fleet, through the gateway,
one request at a time. `POST /v1/conversions` asks for a job directly; a landing asks for it by way
of an event. The start is the job's own `started_at`, on the clock of the same machine. Every job
must succeed.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from _measuring import verdict

from shared_lib.testing.fleet import FleetUnderTest

GOAL_MS = 50.0
CONTENT = b"id,name\n1,Ada\n2,Grace\n"
WARM = 3


def land(client: httpx.Client, number: int) -> tuple[datetime, Any]:
    """When the upload was sent, and the version that it landed as."""
    sent = datetime.now(UTC)
    answer = client.put(
        f"/v1/uploads/{number}.csv", content=CONTENT + b"%d,x\n" % number, params={"dataset": "d"}
    )
    answer.raise_for_status()
    return sent, answer.json()["version"]


def by_landing(client: httpx.Client, number: int) -> float:
    """Milliseconds from an upload's first byte to its job's start."""
    sent, version = land(client, number)
    client.get(f"/v1/flows/{version['flow_id']}", headers={"Prefer": "wait=30"})
    (job,) = client.get("/v1/jobs", params={"flow": version["flow_id"]}).json()["items"]
    return waited_ms(job, since=sent)


def by_request(client: httpx.Client, number: int) -> float:
    """Milliseconds from `POST /v1/conversions` to its job's start."""
    _, version = land(client, number)
    client.get(f"/v1/flows/{version['flow_id']}", headers={"Prefer": "wait=30"})
    sent = datetime.now(UTC)
    answer = client.post("/v1/conversions", json={"file_id": version["files"][0]["id"]})
    answer.raise_for_status()
    job_id = answer.json()["job_id"]
    job = client.get(f"/v1/jobs/{job_id}", headers={"Prefer": "wait=30"}).json()
    return waited_ms(job, since=sent)


def waited_ms(job: Any, *, since: datetime) -> float:
    """How long the job waited."""
    if job["state"] != "succeeded":
        sys.exit(f"the job did not succeed: {job}")
    started = datetime.fromisoformat(job["started_at"])
    return (started - since).total_seconds() * 1000


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description="How long a job waits for its start")
    parser.add_argument("--requests", type=int, default=30)
    chosen = parser.parse_args()
    ways: dict[str, Callable[[httpx.Client, int], float]] = {
        "POST /v1/conversions": by_request,
        "a landing": by_landing,
    }
    with (
        tempfile.TemporaryDirectory(prefix="fleet-bench-") as folder,
        FleetUnderTest(Path(folder), fast=False) as fleet,
        fleet.client() as client,
    ):
        number = 0
        for name, way in ways.items():
            waited = []
            for _ in range(WARM + chosen.requests):
                number += 1
                waited.append(way(client, number))
            report(name, waited[WARM:])


def report(name: str, waited: list[float]) -> None:
    """One line."""
    median = statistics.median(waited)
    p95 = statistics.quantiles(waited, n=20)[-1]
    print(
        f"{name:22} to job start: p50 {median:6.1f} ms, p95 {p95:6.1f} ms"
        f"   ({verdict(median, goal=GOAL_MS)})"
    )


if __name__ == "__main__":
    main()
