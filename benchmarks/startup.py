"""What the embedded fleet costs before anybody uses it: time and CPU to be ready, memory at rest.

    python benchmarks/startup.py [--rounds 3] [--rest-s 20]

There is no peer in this: the figures are of `fleet up` alone. CPU is user + system time of the
whole process tree when the fleet says that it is ready; memory is the tree's proportional set size
after it has rested. Before a round counts, the fleet answers `/readyz` with every service ready.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import psutil
from _measuring import cpu_seconds, verdict

from shared_lib.testing.fleet import FleetUnderTest

READY_CPU_S, SECOND_START_S, IDLE_MB = 6.0, 3.0, 200.0


def start(fleet: FleetUnderTest) -> tuple[float, float]:
    """Wall and CPU seconds until it is ready."""
    begun = time.monotonic()
    fleet.start()
    wall = time.monotonic() - begun
    cpu = cpu_seconds(fleet.tree()[0].pid)
    with fleet.client() as client:
        answer = client.get("/readyz")
    if answer.status_code != 200:
        sys.exit(f"the fleet is not ready: {answer.text}")
    return wall, cpu


def resting_megabytes(fleet: FleetUnderTest) -> float:
    """Proportional set size of the whole tree."""
    total: int = sum(process.memory_full_info().pss for process in fleet.tree())
    return total / 1e6


def measure(*, rest_s: float) -> dict[str, float]:
    """One round in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="fleet-bench-") as folder:
        # The times of production, not those of tests.
        fleet = FleetUnderTest(Path(folder), fast=False)
        try:
            first_wall, first_cpu = start(fleet)
            time.sleep(rest_s)
            idle = resting_megabytes(fleet)
            fleet.stop()
            second_wall, second_cpu = start(fleet)
        finally:
            fleet.stop()
    return {
        "first start, s": first_wall,
        "first start, CPU s": first_cpu,
        "second start, s": second_wall,
        "second start, CPU s": second_cpu,
        "memory at rest, MB": idle,
    }


GOALS = {
    "first start, CPU s": READY_CPU_S,
    "second start, s": SECOND_START_S,
    "memory at rest, MB": IDLE_MB,
}


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description="What the embedded fleet costs at rest")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rest-s", type=float, default=20.0)
    chosen = parser.parse_args()
    if not psutil.LINUX:
        sys.exit("Proportional set size is known on Linux alone.")
    rounds = [measure(rest_s=chosen.rest_s) for _ in range(chosen.rounds)]
    for name in rounds[0]:
        values = [each[name] for each in rounds]
        median = statistics.median(values)
        goal = f"   {verdict(median, goal=GOALS[name])}" if name in GOALS else ""
        shown = " ".join(f"{value:.2f}" for value in values)
        print(f"{name:22}{median:8.2f}   all rounds: {shown}{goal}")


if __name__ == "__main__":
    main()
