"""Jobs: every piece of long work, of all services."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from datafleet.addresses import address
from datafleet.models import LogLine, LogPage
from datafleet.pages import read_items
from datafleet.streams import END, EventStream
from datafleet.transport import Transport
from shared_lib.contracts.jobs import JobState, JobSummary, JobView, Progress


@dataclass(frozen=True)
class JobEvent:
    """Something that happened in a job. What does not belong to its name is None.

    Attributes:
        name: `state`, `progress`, `log`, or `end`, which is the last.
        data: all that was said.
        state: the new state, of `state` and `end`.
        progress: how far it is, of `progress` and `end`.
        message: the line, of `log`.
        job: the job as it ended, of `end`.
    """

    name: str
    data: Mapping[str, object]
    state: JobState | None = None
    progress: Progress | None = None
    message: str | None = None
    job: JobView | None = None


class Jobs:
    """`/v1/jobs`.

    Every method raises `FleetApiError` when the fleet answers with a problem and
    `UnreachableError` when nobody answers.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(
        self,
        *,
        state: JobState | None = None,
        service: str | None = None,
        flow: str | None = None,
        limit: int | None = None,
    ) -> Iterator[JobSummary]:
        """The jobs of all services, newest first."""
        params = {"state": state.value if state else None, "service": service, "flow": flow}
        return read_items(self._transport, "/v1/jobs", item=JobSummary, params=params, limit=limit)

    def read(self, job_id: str, *, wait_s: int | None = None) -> JobView:
        """A job; with `wait_s` the answer comes when it ends, or after that many seconds."""
        path = address("/v1/jobs", job_id)
        if wait_s is None:
            return self._transport.get(path, answers=JobView)
        timeout = self._transport.patient(wait_s + 30.0)
        headers = {"Prefer": f"wait={wait_s}"}
        return self._transport.get(path, answers=JobView, headers=headers, timeout=timeout)

    def watch(self, job_id: str, *, timeout_s: float | None = None) -> Iterator[JobEvent]:
        """What happened in the job and what happens from now on, until it has ended.

        Broken connections are taken up again.

        Raises:
            WaitTimedOutError: it has not ended within `timeout_s` seconds; it goes on.
        """
        path = address("/v1/jobs", job_id, "events")
        for event in EventStream(self._transport, path, timeout_s=timeout_s):
            yield read_event(event.name, json.loads(event.data))

    def wait(self, job_id: str, *, timeout_s: float | None = None) -> JobView:
        """The job when it has ended.

        Raises:
            WaitTimedOutError: it has not ended within `timeout_s` seconds; it goes on.
        """
        for event in self.watch(job_id, timeout_s=timeout_s):
            last = event.job
        return last if last is not None else self.read(job_id)

    def log(self, job_id: str) -> Iterator[LogLine]:
        """The lines that the job has written so far, oldest first."""
        path = address("/v1/jobs", job_id, "log")
        after: int | None = 0
        while after is not None:
            page = self._transport.get(path, answers=LogPage, params={"after": after})
            yield from page.items
            after = page.next

    def cancel(self, job_id: str) -> JobView:
        """End it: a queued job ends now, a running one is stopped with all that it started."""
        return self._transport.delete(address("/v1/jobs", job_id), answers=JobView)


def read_event(name: str, data: Mapping[str, object]) -> JobEvent:
    """The event of that name."""
    if name == "state":
        return JobEvent(name=name, data=data, state=JobState(str(data["state"])))
    if name == "progress":
        return JobEvent(name=name, data=data, progress=_progress(data))
    if name == "log":
        return JobEvent(name=name, data=data, message=str(data["message"]))
    if name == END:
        job = JobView.model_validate(data, extra="ignore")
        return JobEvent(name=name, data=data, state=job.state, progress=job.progress, job=job)
    return JobEvent(name=name, data=data)


def _progress(data: Mapping[str, object]) -> Progress:
    return Progress.model_validate(data, extra="ignore")
