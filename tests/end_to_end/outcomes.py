"""What must hold after anything was killed: nothing accepted is lost, nothing is done twice."""

import contextlib
import hashlib
from collections.abc import Iterator
from typing import Any

import httpx
import psutil

from shared_lib.testing.fleet import RunningFleet
from shared_lib.testing.waiting import wait_until


def kill_first(processes: list[psutil.Process]) -> psutil.Process | None:
    """`kill -9` the first of them that is still there; None when all have ended by themselves."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
            return process
    return None


def content_of(seed: int, *, rows: int = 30_000) -> bytes:
    """A CSV that differs with its seed."""
    lines = "".join(f'{seed:04d}{row:06d},"name\n{row}",{row}.5\n' for row in range(rows))
    return ("code,name,amount\n" + lines).encode()


def push(fleet: RunningFleet, *, seed: int, accepted: dict[str, str], rows: int = 30_000) -> None:
    """Push one file; whatever was accepted is remembered with its hash."""
    content = content_of(seed, rows=rows)
    with contextlib.suppress(httpx.HTTPError), fleet.client() as client:
        answer = client.put(f"/v1/uploads/f{seed}.csv?dataset=d{seed}", content=content)
        if answer.status_code == 201:
            file = answer.json()["version"]["files"][0]
            accepted[file["id"]] = hashlib.sha256(content).hexdigest()


def answer_to(client: httpx.Client, path: str, **params: Any) -> httpx.Response:
    """The answer as soon as somebody answers: what was killed is being restarted."""

    def ask() -> httpx.Response | None:
        with contextlib.suppress(httpx.HTTPError):
            answer = client.get(path, params=params)
            return answer if answer.status_code < 500 else None
        return None

    answer = wait_until(ask, timeout_s=60, what=path)
    assert answer is not None
    return answer


def all_of(client: httpx.Client, path: str) -> Iterator[dict[str, Any]]:
    """Every item of a list."""
    cursor: dict[str, str] = {}
    while True:
        page = answer_to(client, path, limit=200, **cursor).json()
        yield from page["items"]
        if page["next"] is None:
            return
        cursor = {"cursor": page["next"]}


def await_every_end(client: httpx.Client, *, timeout_s: float = 120, but: int = 0) -> None:
    """Return when no flow runs any more, or only `but` of them; says which do not end."""

    def running() -> list[str]:
        answer = answer_to(client, "/v1/flows", state="running")
        return [flow["id"] for flow in answer.json()["items"]]

    try:
        wait_until(lambda: len(running()) <= but, timeout_s=timeout_s, what="the flows' end")
    except TimeoutError as error:
        stuck = [answer_to(client, f"/v1/flows/{flow}").json() for flow in running()]
        jobs = [answer_to(client, "/v1/jobs", flow=flow["id"]).json()["items"] for flow in stuck]
        raise AssertionError(f"these flows do not end: {stuck}; their jobs: {jobs}") from error


def await_job(client: httpx.Client, job_id: str) -> None:
    """Return when a job has succeeded."""
    wait_until(
        lambda: answer_to(client, f"/v1/jobs/{job_id}").json()["state"] == "succeeded",
        timeout_s=60,
        what=f"job {job_id}",
    )


def check_accepted(client: httpx.Client, accepted: dict[str, str]) -> None:
    """Every accepted upload is readable with its hash."""
    for file_id, sha256 in accepted.items():
        content = answer_to(client, f"/v1/files/{file_id}/content").content
        assert hashlib.sha256(content).hexdigest() == sha256


def check_nothing_lost(
    fleet: RunningFleet, accepted: dict[str, str], *, timeout_s: float = 120
) -> None:
    """Every upload is there, every job ended once, every table was published once."""
    with fleet.client() as client:
        await_every_end(client, timeout_s=timeout_s)
        check_accepted(client, accepted)
        jobs = list(all_of(client, "/v1/jobs"))
        assert {job["state"] for job in jobs} == {"succeeded"}, jobs
        converted = [job["subject_id"] for job in jobs]
        assert len(converted) == len(set(converted)), "a file has two conversions"
        assert set(accepted) <= set(converted)
        tables = list(all_of(client, "/v1/tables"))
        landed = {flow["dataset_name"]: 0 for flow in all_of(client, "/v1/flows")}
        for flow in all_of(client, "/v1/flows"):
            landed[flow["dataset_name"]] += 1
        published = {table["dataset_name"]: table["versions"] for table in tables}
        assert published == landed, "a conversion was published twice, or not at all"
        await_swept(fleet, named=3 * len(jobs) + len(landed))


def await_swept(fleet: RunningFleet, *, named: int) -> None:
    """Return when the store holds no more objects than rows name."""
    wait_until(
        lambda: len([key for key in fleet.objects() if not key.startswith(".partial")]) <= named,
        timeout_s=60,
        what="the sweep of objects that nobody names",
    )
