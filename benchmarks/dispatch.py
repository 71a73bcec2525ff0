"""How long a job waits: from the request that asks for it to the moment its child runs.

    python benchmarks/dispatch.py [--requests 30] [--shape embedded|scaled-out]

There is no peer in this: the figures are wall time of a warm fleet, through the gateway, one
request at a time. `POST /v1/conversions` asks for a job directly; a landing asks for it by way of
an event, whose delivery alone is the time from the file's row to the job's row. Times are those of
the rows, on the clock of the same machine. Spread out, workers poll once in five seconds, so that
what is measured is the ring. Every job must succeed.
"""

import argparse
import contextlib
import statistics
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from _measuring import verdict

from shared_lib.testing.fleet import FleetUnderTest, RunningFleet
from shared_lib.testing.scaled_out import ScaledOutFleet

START_MS, DELIVERY_MS = 50.0, 100.0
CONTENT = b"id,name\n1,Ada\n2,Grace\n"
REPOSITORY = Path(__file__).parents[1]
WARM = 3


@contextlib.contextmanager
def fleet_of(shape: str) -> Iterator[RunningFleet]:
    """A fleet in a folder of its own, with the times of production."""
    with tempfile.TemporaryDirectory(prefix="fleet-bench-") as name:
        if shape == "embedded":
            with FleetUnderTest(Path(name), fast=False) as embedded:
                yield embedded
        else:
            polls = {"FLEET_JOBS__POLL_S": "5"}
            with ScaledOutFleet(
                Path(name), repository=REPOSITORY, env=polls, fast=False
            ) as scaled_out:
                yield scaled_out


def land(client: httpx.Client, number: int) -> tuple[datetime, Any, Any]:
    """When an upload was sent, the version that it landed as, and its job when it has ended."""
    sent = datetime.now(UTC)
    answer = client.put(
        f"/v1/uploads/{number}.csv", content=CONTENT + b"%d,x\n" % number, params={"dataset": "d"}
    )
    answer.raise_for_status()
    version = answer.json()["version"]
    client.get(f"/v1/flows/{version['flow_id']}", headers={"Prefer": "wait=30"})
    (job,) = client.get("/v1/jobs", params={"flow": version["flow_id"]}).json()["items"]
    return sent, version, job


def measure(client: httpx.Client, number: int) -> dict[str, float]:
    """Milliseconds of one landing, and of one request for another conversion of it."""
    sent, version, job = land(client, number)
    file = version["files"][0]
    asked = datetime.now(UTC)
    answer = client.post("/v1/conversions", json={"file_id": file["id"]})
    answer.raise_for_status()
    job_id = answer.json()["job_id"]
    again = client.get(f"/v1/jobs/{job_id}", headers={"Prefer": "wait=30"}).json()
    for each in (job, again):
        if each["state"] != "succeeded":
            sys.exit(f"the job did not succeed: {each}")
    return {
        "POST /v1/conversions to job start": _ms(asked, again["started_at"]),
        "upload to job start": _ms(sent, job["started_at"]),
        "delivery of a landing": _ms(file["created_at"], job["created_at"]),
    }


def _ms(since: datetime | str, until: str) -> float:
    begun = datetime.fromisoformat(since) if isinstance(since, str) else since
    return (datetime.fromisoformat(until) - begun).total_seconds() * 1000


GOALS = {
    "POST /v1/conversions to job start": START_MS,
    "upload to job start": None,
    "delivery of a landing": DELIVERY_MS,
}


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description="How long a job waits for its start")
    parser.add_argument("--requests", type=int, default=30)
    parser.add_argument("--shape", choices=("embedded", "scaled-out"), default="embedded")
    chosen = parser.parse_args()
    with fleet_of(chosen.shape) as fleet, fleet.client() as client:
        rounds = [measure(client, number) for number in range(WARM + chosen.requests)][WARM:]
    for name, goal in GOALS.items():
        values = [each[name] for each in rounds]
        p50, p95 = statistics.median(values), statistics.quantiles(values, n=20)[-1]
        judged = f"   {verdict(p50, goal=goal)}" if goal is not None else ""
        print(f"{name:36} p50 {p50:6.1f} ms   p95 {p95:6.1f} ms{judged}")


if __name__ == "__main__":
    main()
