"""The real service with its real job children, and what its tests ask of it."""

import io
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import polars as pl

from shared_lib.contracts.base import Contract
from shared_lib.contracts.events import (
    JUDGEMENTS_REQUESTED,
    QUALITY_JUDGED,
    TABLE_PUBLISHED,
    EventSpec,
    JudgementsRequested,
    QualityJudged,
    RequestedJudgement,
    TablePublished,
)
from shared_lib.contracts.ids import IdKind, new_id
from shared_lib.contracts.internal import EVENTS_PATH
from shared_lib.contracts.plans import FlowPlan
from shared_lib.contracts.services import ServiceName
from shared_lib.contracts.verdicts import Verdict
from shared_lib.db.migrations import migrate
from shared_lib.jobs.gpus import gpus_for
from shared_lib.jobs.supervisor import Supervisor
from shared_lib.settings import DatabaseSettings, JobSettings
from shared_lib.storage import StorageSettings
from shared_lib.storage.keys import table_key
from shared_lib.testing.services import TENANT, AskedService, Identities, event_of, serving, told
from svc_training.app import create_app
from svc_training.reports.repository import ReportRepository
from svc_training.settings import (
    GitHubSettings,
    PipelineSettings,
    StageSettings,
    TrainingSettings,
)
from svc_training.worker import runtime as build_runtime


def training_settings(
    folder: Path,
    *,
    environments: Path,
    database_url: str = "",
    github: GitHubSettings | None = None,
    storage: StorageSettings | None = None,
    pipelines: Path | None = None,
    **stages: Any,
) -> TrainingSettings:
    """Settings of a service under `folder`: its database, objects and pipelines, unless given."""
    data = folder / "data"
    data.mkdir(exist_ok=True)
    environments.mkdir(parents=True, exist_ok=True)
    (data / "envs").symlink_to(environments)
    return TrainingSettings(
        mode="embedded",
        data=data,
        database=DatabaseSettings(url=database_url),
        jobs=JobSettings(poll_s=0.05, sweep_s=0.2, retry_backoff_s=0.05),
        storage=storage or StorageSettings(),
        pipelines=PipelineSettings(source=str(pipelines or folder / "pipelines")),
        stages=StageSettings(**stages),
        github=github or GitHubSettings(),
        object_sweep_s=1e-6,
    )


@dataclass
class Training(AskedService):
    """A running svc-training."""

    settings: TrainingSettings
    identities: Identities
    url: str
    table_ids: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.runtime = build_runtime(self.settings)
        self.http = httpx.Client(base_url=self.url, timeout=60)

    def publish(
        self,
        dataset: str,
        columns: Mapping[str, Any],
        *,
        tenant: str = TENANT,
        number: int = 1,
        plan: FlowPlan | None = None,
    ) -> TablePublished:
        """Store a table as svc-parquet does, and tell of it in its name."""
        buffer, frame = io.BytesIO(), pl.DataFrame(columns)
        frame.write_parquet(buffer)
        table_id = self.table_ids.setdefault(f"{tenant}/{dataset}", new_id(IdKind.TABLE))
        key = table_key(tenant, table_id, f"job_pq_{new_id(IdKind.FILE)}-1", "part-00000.parquet")
        self.runtime.store.put(key, [buffer.getvalue()])
        table = TablePublished(
            dataset_id=f"ds_{dataset}",
            dataset_name=dataset,
            version_id=new_id(IdKind.DATASET_VERSION),
            version_number=number,
            file_id=new_id(IdKind.FILE),
            table_id=table_id,
            table_version_id=new_id(IdKind.TABLE_VERSION),
            table_name=dataset,
            parts=[key],
            job_id="job_pq_1",
            rows=frame.height,
            columns=frame.width,
            bytes_in=2000,
            bytes_out=500,
            quarantined_rows=0,
            plan=plan,
        )
        self.tell(TABLE_PUBLISHED, table, producer=ServiceName.PARQUET, tenant=tenant)
        return table

    def judge(
        self,
        table: TablePublished,
        verdict: Verdict | None,
        *,
        tenant: str = TENANT,
        revision: int = 2,
        judgement_id: str | None = None,
    ) -> str:
        """Tell what svc-quality tells: the suites that judge, and what one says.

        With no verdict there is no suite.
        """
        judgement_id = judgement_id or new_id(IdKind.JUDGEMENT)
        asked = RequestedJudgement(judgement_id=judgement_id, suite_name="s", job_id="job_qu_1")
        requested = JudgementsRequested(
            version_id=table.version_id,
            file_id=table.file_id,
            table_version_id=table.table_version_id,
            judgements=[asked] if verdict else [],
        )
        quality = ServiceName.QUALITY
        self.tell(JUDGEMENTS_REQUESTED, requested, producer=quality, tenant=tenant)
        if verdict is not None:
            judged = QualityJudged(
                judgement_id=judgement_id,
                suite_id="su_1",
                suite_name="s",
                suite_version=1,
                dataset_name=table.dataset_name,
                version_id=table.version_id,
                file_id=table.file_id,
                table_id=table.table_id,
                table_version_id=table.table_version_id,
                job_id="job_qu_1",
                verdict=verdict,
                found=verdict,
                reasons=[] if verdict is Verdict.PASSED else ["amount has 3 rows below 0."],
                checks=1,
                passed=int(verdict is Verdict.PASSED),
                revision=revision,
            )
            self.tell(QUALITY_JUDGED, judged, producer=quality, tenant=tenant)
        return judgement_id

    def tell(
        self, spec: EventSpec, payload: Contract, *, producer: ServiceName, tenant: str = TENANT
    ) -> None:
        """Deliver an event in the name of a service."""
        event = event_of(spec, payload, producer=producer, tenant=tenant, flow_id="fl_1")
        headers = self.identities.headers(tenant, issuer=producer)
        answer = self.http.post(EVENTS_PATH, json=event, headers=headers)
        assert answer.status_code == 200, answer.text

    def good(self, dataset: str, *, rows: int = 10, number: int = 1) -> TablePublished:
        """A published table that has passed."""
        table = self.publish(dataset, {"a": list(range(rows))}, number=number)
        self.judge(table, Verdict.PASSED)
        return table

    def train(
        self,
        table: TablePublished,
        *,
        pipeline: str = "small",
        tell: Any = None,
        resources: dict[str, int] | None = None,
        **params: Any,
    ) -> Any:
        """Ask for a training job and wait for its end; `tell` is a pull request."""
        body = {
            "pipeline": pipeline,
            "table_version": table.table_version_id,
            "params": params,
            "pull_request": tell,
            "resources": resources,
        }
        answer = self.ask("POST", "/v1/training-jobs", json=body)
        assert answer.status_code == 202, answer.text
        return self.ended(answer.json()["id"])

    def ended(self, training_job_id: str) -> Any:
        """A training job when its job has ended."""
        path = f"/v1/training-jobs/{training_job_id}"
        self.get(f"/v1/jobs/{self.get(path)['job_id']}", headers={"Prefer": "wait=60"})
        return self.get(path)

    def reported(self, subject_id: str) -> Any:
        """The job that reports a training or a decision, when it has ended."""
        with self.runtime.database.read() as view:
            row = ReportRepository(view).of_subject(subject_id, tenant=TENANT)
        assert row is not None, f"{subject_id} has no report"
        return self.get(f"/v1/jobs/{row.job_id}", headers={"Prefer": "wait=60"})

    def log(self, job_id: str) -> str:
        """A job's log, line by line."""
        return self.ask("GET", f"/v1/jobs/{job_id}/events").text

    def events(self, name: str) -> list[Any]:
        """Events of a name in the outbox, oldest first; each once, however many hear it."""
        return told(self.runtime.database, name)

    def close(self) -> None:
        """Let go of connections."""
        self.http.close()
        self.runtime.database.dispose()


@contextmanager
def running_training(settings: TrainingSettings) -> Iterator[Training]:
    """The service, migrated, on a free port; its supervisor in a thread."""
    identities = Identities(settings.secrets_folder, audience=ServiceName.TRAINING)
    runtime = build_runtime(settings)
    migrate("svc_training", runtime.database)
    supervisor = Supervisor([runtime], deliveries=[], gpus=gpus_for([runtime]))
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    with serving(create_app(settings)) as served:
        training = Training(settings=settings, identities=identities, url=served.url)
        try:
            yield training
        finally:
            training.close()
            supervisor.stop()
            thread.join()
            runtime.database.dispose()
