"""How soon a training speaks, and what the service adds to DVC when nothing has changed.

    python benchmarks/training.py [--rounds 7]

The peer of the second figure is the bare `dvc repro` in a checkout where nothing changed, in the
same run and interleaved; the service does the same for a job of its own: a fresh working tree,
outputs restored from the run cache, artifacts stored and a model registered. Wall time of a warm
embedded fleet, one request at a time, with a pipeline of the standard library alone. Every job must
succeed, and the one where nothing changed must run no stage.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from _measuring import verdict

from shared_lib.testing.fleet import FleetUnderTest
from shared_lib.testing.pipelines import write_repository

FIRST_LINE_S, RATIO = 0.5, 1.2
SPEAKS = """\
stages:
  train:
    cmd: python train.py
    deps: [data/table]
    params: [train]
    outs: [models/model.json]
    metrics: [metrics.json]
"""
TRAIN = """\
print('training', flush=True)
import json, pathlib
pathlib.Path('models').mkdir(exist_ok=True)
pathlib.Path('models/model.json').write_text('{}')
pathlib.Path('metrics.json').write_text('{"loss": 1}')
"""


def land(client: httpx.Client) -> str:
    """A judged table version's id."""
    suite = {"name": "gate", "checks": [{"check": "rows", "min": 1}]}
    client.post("/v1/suites", json={"dataset": "d", "suite": suite}).raise_for_status()
    answer = client.put("/v1/uploads/d.csv", content=b"a,b\n1,2\n", params={"dataset": "d"})
    flow_id = answer.raise_for_status().json()["version"]["flow_id"]
    client.get(f"/v1/flows/{flow_id}", headers={"Prefer": "wait=30"})
    (table,) = client.get("/v1/tables", params={"dataset": "d"}).json()["items"]
    return str(table["latest_version"]["id"])


def train(
    client: httpx.Client, pipeline: str, version: str, **params: int
) -> tuple[datetime, Any, Any]:
    """A training job when it has ended, with when it was asked for."""
    asked = datetime.now(UTC)
    body = {"pipeline": pipeline, "table_version": version, "params": params}
    made = client.post("/v1/training-jobs", json=body).raise_for_status().json()
    job = client.get(f"/v1/jobs/{made['job_id']}", headers={"Prefer": "wait=60"}).json()
    if job["state"] != "succeeded":
        sys.exit(f"the training did not succeed: {job}")
    return asked, job, client.get(f"/v1/training-jobs/{made['id']}").json()


def first_line_s(client: httpx.Client, version: str, number: int) -> float:
    """Seconds from the request to the first line that the train stage wrote."""
    asked, job, _ = train(client, "speaks", version, **{"train.rate": number})
    lines = client.get(f"/v1/jobs/{job['id']}/log", params={"limit": 100}).json()["items"]
    (at,) = [line["at"] for line in lines if line["message"] == "training"]
    return (datetime.fromisoformat(at) - asked).total_seconds()


def no_op_s(client: httpx.Client, version: str) -> float:
    """Seconds of a job that finds nothing to do."""
    _, job, training = train(client, "small", version)
    if any(stage["outcome"] != "cached" for stage in training["stages"]):
        sys.exit(f"a stage ran: {training['stages']}")
    started, ended = (datetime.fromisoformat(job[name]) for name in ("started_at", "ended_at"))
    took = ended - started
    return took.total_seconds()


def bare_checkout(folder: Path) -> Path:
    """A repository in which everything is up to date."""
    pipeline = write_repository(folder)
    for name in ("table", "frozen"):
        (pipeline / "data" / name).mkdir(parents=True)
        (pipeline / "data" / name / "part").write_bytes(b"rows")
    (folder / ".dvc" / "config").write_text("[core]\n    analytics = false\n    no_scm = true\n")
    bare_s(pipeline)
    return pipeline


def bare_s(pipeline: Path) -> float:
    """Seconds of the bare command."""
    started = time.perf_counter()
    dvc = str(Path(sys.executable).with_name("dvc"))
    subprocess.run([dvc, "repro"], cwd=pipeline, check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description="How soon a training speaks")
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="fleet-bench-") as name:
        folder = Path(name)
        write_repository(folder / "pipelines")
        write_repository(folder / "pipelines", name="speaks", dvc_yaml=SPEAKS, train_py=TRAIN)
        bare = bare_checkout(folder / "bare")
        env = {"FLEET_PIPELINES__SOURCE": str(folder / "pipelines")}
        os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        with FleetUnderTest(folder, env=env, fast=False) as fleet, fleet.client() as client:
            version = land(client)
            train(client, "small", version)
            first_line_s(client, version, 1)
            lines, ours, theirs = [], [], []
            for number in range(2, rounds + 2):
                lines.append(first_line_s(client, version, number))
                ours.append(no_op_s(client, version))
                theirs.append(bare_s(bare))
    first, service, plain = map(statistics.median, (lines, ours, theirs))
    ratio = service / plain
    print(f"POST to first train line   p50 {first:.2f} s   {verdict(first, goal=FIRST_LINE_S)}")
    took = f"service {service:.2f} s, dvc repro {plain:.2f} s, ratio {ratio:.2f}"
    print(f"no-op: {took}   {verdict(ratio, goal=RATIO)}")


if __name__ == "__main__":
    main()
