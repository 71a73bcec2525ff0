"""A fleet of one service: its rows, its supervisors as processes or threads, its pids."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
from sample_service.models import EffectRow, HeardRow
from sample_service.settings import SampleSettings
from sample_service.worker import light_runtime
from sqlalchemy import select

from shared_lib.contracts.jobs import JobState
from shared_lib.contracts.services import ServiceName
from shared_lib.db import Database
from shared_lib.events.models import OutboxRow
from shared_lib.identity import open_signer
from shared_lib.jobs import JobQueue, Runtime
from shared_lib.jobs.gpus import Gpu
from shared_lib.jobs.models import JobEntryRow, JobRow
from shared_lib.jobs.supervisor import Supervisor
from shared_lib.settings import JobSettings
from shared_lib.storage import StorageSettings
from shared_lib.testing.processes import kill_tree
from shared_lib.testing.waiting import wait_until

TENANT = "tn_a"


@dataclass
class Fleet:
    """The sample service over one database."""

    settings: SampleSettings
    runtime: Runtime
    folder: Path
    temporary: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def request(self, kind: str, **params: Any) -> str:
        """Ask for a job; its id."""
        with self.runtime.database.write() as unit:
            return (
                JobQueue(self.runtime)
                .request(unit, kind=kind, tenant=TENANT, params=params, flow_id="fl_1")
                .id
            )

    def job(self, job_id: str) -> JobRow:
        """The row, detached."""
        with self.runtime.database.read() as view:
            row = view.session.get(JobRow, job_id)
            assert row is not None
            view.session.expunge(row)
            return row

    def state(self, job_id: str) -> str:
        """Where the job stands."""
        return self.job(job_id).state

    def ended(self, *job_ids: str, timeout_s: float = 30.0) -> list[JobRow]:
        """The rows, once all have ended."""
        wait_until(
            lambda: all(JobState(self.state(each)).ended for each in job_ids),
            timeout_s=timeout_s,
            what=f"the end of {[self.job(each).state for each in job_ids]}",
        )
        return [self.job(each) for each in job_ids]

    def cancel(self, job_id: str) -> None:
        """Ask for the end of a job."""
        with self.runtime.database.write() as unit:
            JobQueue(self.runtime).cancel(unit, job_id=job_id, tenant=TENANT)

    def entries(self, job_id: str, name: str) -> list[dict[str, Any]]:
        """The job's story."""
        with self.runtime.database.read() as view:
            query = select(JobEntryRow.data).where(
                JobEntryRow.job_id == job_id, JobEntryRow.name == name
            )
            return list(view.session.scalars(query.order_by(JobEntryRow.id)))

    def effects(self) -> list[str]:
        """The jobs that have an effect, once for each time."""
        with self.runtime.database.read() as view:
            return sorted(view.session.scalars(select(EffectRow.job_id)))

    def heard(self) -> list[tuple[str, str, str]]:
        """What the receiver did: event, job, state."""
        with self.runtime.database.read() as view:
            rows = view.session.scalars(select(HeardRow).order_by(HeardRow.id))
            return [(row.event_id, row.job_id, row.state) for row in rows]

    def undelivered(self) -> int:
        """Outbox rows."""
        with self.runtime.database.read() as view:
            return len(view.session.scalars(select(OutboxRow.id)).all())

    def sign(self, name: str) -> Path:
        """A file that a job writes."""
        return self.folder / name

    def pids(self, sign: Path) -> list[psutil.Process]:
        """The processes that a hanging job wrote down, once it has."""
        wait_until(sign.exists, what=f"the pids of {sign.name}")
        return [psutil.Process(int(pid)) for pid in sign.read_text().split()]

    @contextlib.contextmanager
    def supervised(self, *, gpus: Sequence[Gpu] = (), **runtimes: Runtime) -> Iterator[Supervisor]:
        """A supervisor in a thread of this process."""
        served = list(runtimes.values()) or [self.runtime]
        supervisor = Supervisor(served, deliveries=[], gpus=gpus)
        thread = threading.Thread(target=supervisor.run)
        thread.start()
        try:
            yield supervisor
        finally:
            supervisor.stop()
            thread.join()

    def start(self, module: str, *arguments: str, **env: str) -> subprocess.Popen[bytes]:
        """A process of the sample service."""
        with (self.folder / f"{module}-{len(self.processes)}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", f"sample_service.{module}", *arguments],
                env=self.environment() | env,
                stdout=log,
                stderr=log,
            )
        self.processes.append(process)
        return process

    def environment(self) -> dict[str, str]:
        """What a process of the sample service is started with."""
        jobs = self.settings.jobs
        clean = {k: v for k, v in os.environ.items() if not k.startswith("FLEET_")}
        return clean | {
            "FLEET_DATA": str(self.settings.data),
            "FLEET_DATABASE__URL": self.settings.database.url,
            "FLEET_RECEIVER_URL": self.settings.receiver_url,
            "FLEET_JOBS__LEASE_S": str(jobs.lease_s),
            "FLEET_JOBS__SWEEP_S": str(jobs.sweep_s),
            "FLEET_JOBS__POLL_S": str(jobs.poll_s),
            "FLEET_JOBS__RETRY_BACKOFF_S": str(jobs.retry_backoff_s),
            "FLEET_STORAGE__ROOT": str(self.settings.storage.root),
            "TMPDIR": str(self.temporary),
        }


@pytest.fixture
def make_fleet(
    tmp_path: Path, open_database: Callable[[str], Database]
) -> Iterator[Callable[..., Fleet]]:
    """`make_fleet(dialect, **job_settings)`."""
    # Short: a Unix socket's path has about a hundred bytes, and the warm process has one.
    temporary = Path(tempfile.mkdtemp(prefix="fl-"))
    fleets: list[Fleet] = []

    def make(dialect: str = "sqlite", **jobs: Any) -> Fleet:
        folder = tmp_path / f"fleet-{len(fleets)}"
        folder.mkdir()
        url = open_database(dialect).url.render_as_string(hide_password=False)
        settings = SampleSettings(
            data=folder / "data",
            database={"url": url},
            storage=StorageSettings(root=folder / "objects"),
            jobs=JobSettings(
                **{"lease_s": 1.0, "sweep_s": 0.2, "poll_s": 0.05, "retry_backoff_s": 0.05} | jobs
            ),
        )
        for name in (ServiceName.TRAINING, ServiceName.INGEST):
            open_signer(settings.secrets_folder, issuer=name, create=True)
        fleets.append(
            Fleet(
                settings=settings,
                runtime=light_runtime(settings),
                folder=folder,
                temporary=temporary,
            )
        )
        return fleets[-1]

    yield make
    for fleet in fleets:
        for process in fleet.processes:
            if process.poll() is None:
                kill_tree(process.pid)
            process.wait()
        fleet.runtime.database.dispose()
    shutil.rmtree(temporary)


@pytest.fixture
def fleet(make_fleet: Callable[..., Fleet]) -> Fleet:
    """On SQLite."""
    return make_fleet()


@pytest.fixture(params=["sqlite", "postgresql"])
def either_fleet(request: pytest.FixtureRequest, make_fleet: Callable[..., Fleet]) -> Fleet:
    """On each database."""
    return make_fleet(request.param)
