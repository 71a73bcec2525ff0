"""How long a job is without a worker when the one that ran it is killed, with the default lease.

    python benchmarks/recovery.py [--rounds 3]

There is no peer in this: the figure is wall time from `kill -9` of a worker that converts a file to
the claim of the next try by another worker, on PostgreSQL, Redis and S3. The file must come out as
one table, published once.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from _measuring import verdict

from shared_lib.testing.processes import parents_of
from shared_lib.testing.scaled_out import ScaledOutFleet
from shared_lib.testing.waiting import wait_until

GOAL_S = 25.0
REPOSITORY = Path(__file__).parents[1]
ROWS = 1_500_000


def measure(fleet: ScaledOutFleet, number: int) -> float:
    """Seconds without a worker."""
    lines = "".join(f'{number}{row:07d},"name {row}",{row}.5\n' for row in range(ROWS))
    with fleet.client() as client:
        answer = client.put(
            f"/v1/uploads/{number}.csv",
            content=("code,name,amount\n" + lines).encode(),
            params={"dataset": f"d{number}"},
        )
        answer.raise_for_status()
        version = answer.json()["version"]
        children = wait_until(fleet.job_children, timeout_s=60, what="the job's child")
        parents = parents_of(children[0])
        victim = next(
            member
            for name, member in fleet.members.items()
            if "svc-parquet-worker" in name and member.pid in parents
        )
        time.sleep(0.3)
        (job,) = client.get("/v1/jobs", params={"flow": version["flow_id"]}).json()["items"]
        killed = time.monotonic()
        victim.kill()
        wait_until(
            lambda: client.get(f"/v1/jobs/{job['id']}").json()["attempts"] > 1,
            timeout_s=90,
            what="the next try",
        )
        waited = time.monotonic() - killed
        flow = client.get(f"/v1/flows/{version['flow_id']}", headers={"Prefer": "wait=60"}).json()
        tables = client.get("/v1/tables", params={"dataset": f"d{number}"}).json()["items"]
    victim.start(wait=False)
    if flow["state"] != "succeeded" or tables[0]["versions"] != 1:
        sys.exit(f"the file was not converted once: {flow} {tables}")
    return waited


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description="How long a killed worker's job waits")
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="fleet-bench-") as folder,
        ScaledOutFleet(Path(folder), repository=REPOSITORY, workers=2, fast=False) as fleet,
    ):
        waited = [measure(fleet, number) for number in range(chosen.rounds)]
    shown = " ".join(f"{value:.1f}" for value in waited)
    longest = max(waited)
    print(f"without a worker: median {statistics.median(waited):.1f} s, longest {longest:.1f} s"
          f"   all rounds: {shown}   ({verdict(longest, goal=GOAL_S)})")  # fmt: skip


if __name__ == "__main__":
    main()
