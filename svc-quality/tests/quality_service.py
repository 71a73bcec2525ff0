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

from shared_lib.contracts.events import TABLE_PUBLISHED, TablePublished
from shared_lib.contracts.ids import IdKind, new_id
from shared_lib.contracts.internal import EVENTS_PATH
from shared_lib.contracts.plans import FlowPlan
from shared_lib.contracts.services import ServiceName
from shared_lib.db.migrations import migrate
from shared_lib.embeddings.settings import EmbeddingSettings
from shared_lib.jobs.supervisor import Supervisor
from shared_lib.settings import DatabaseSettings, JobSettings
from shared_lib.storage.keys import table_key
from shared_lib.testing.services import TENANT, AskedService, Identities, event_of, serving, told
from shared_lib.testing.waiting import wait_until
from svc_quality.app import create_app
from svc_quality.settings import QualitySettings
from svc_quality.worker import runtime as build_runtime

NO_EMBEDDINGS = EmbeddingSettings(provider="none")


def quality_settings(
    folder: Path, *, database_url: str = "", embeddings: EmbeddingSettings = NO_EMBEDDINGS
) -> QualitySettings:
    """Settings of a service under `folder`; SQLite there when no database is given."""
    return QualitySettings(
        mode="embedded",
        data=folder / "data",
        database=DatabaseSettings(url=database_url),
        jobs=JobSettings(poll_s=0.05, sweep_s=0.2, retry_backoff_s=0.05),
        object_sweep_s=1e-6,
        embeddings=embeddings,
    )


@dataclass
class Quality(AskedService):
    """A running svc-quality."""

    settings: QualitySettings
    identities: Identities
    url: str
    table_ids: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.runtime = build_runtime(self.settings)
        self.http = httpx.Client(base_url=self.url, timeout=30)

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
            bytes_in=1,
            bytes_out=1,
            quarantined_rows=0,
            plan=plan,
        )
        assert self.tell(table, tenant=tenant).status_code == 200
        return table

    def tell(
        self, table: TablePublished, *, tenant: str = TENANT, event_id: str | None = None
    ) -> httpx.Response:
        """Deliver the event in the name of svc-parquet."""
        event = event_of(
            TABLE_PUBLISHED,
            table,
            producer=ServiceName.PARQUET,
            tenant=tenant,
            flow_id=new_id(IdKind.FLOW),
            event_id=event_id,
        )
        headers = self.identities.headers(tenant, issuer=ServiceName.PARQUET)
        return self.http.post(EVENTS_PATH, json=event, headers=headers)

    def make_suite(self, dataset: str, *checks: Mapping[str, Any], **more: Any) -> Any:
        """A suite named after its dataset."""
        suite = {"name": dataset, "checks": list(checks)}
        answer = self.ask("POST", "/v1/suites", json={"dataset": dataset, "suite": suite, **more})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def judged(self, table: TablePublished, *, timeout_s: float = 60) -> Any:
        """The newest judgement of a table version, when its job has ended."""

        def found() -> Any:
            path = "/v1/judgements"
            newest = self.get(path, params={"table_version": table.table_version_id})["items"]
            return newest and newest[0]["state"] in {"succeeded", "failed", "dead"} and newest[0]

        return wait_until(found, what="the judgement", timeout_s=timeout_s)

    def ended(self, job_id: str) -> Any:
        """A job when it has ended."""
        return self.get(f"/v1/jobs/{job_id}", headers={"Prefer": "wait=60"})

    def events(self, name: str) -> list[Any]:
        """Events of a name in the outbox, oldest first; each once, however many hear it."""
        return told(self.runtime.database, name)

    def reports(self) -> list[str]:
        """Keys of all reports."""
        return [found.key for found in self.runtime.store.list("reports/")]

    def close(self) -> None:
        """Let go of connections."""
        self.http.close()
        self.runtime.database.dispose()


@contextmanager
def running_quality(settings: QualitySettings) -> Iterator[Quality]:
    """The service, migrated, on a free port; its supervisor in a thread."""
    identities = Identities(settings.secrets_folder, audience=ServiceName.QUALITY)
    runtime = build_runtime(settings)
    migrate("svc_quality", runtime.database)
    supervisor = Supervisor([runtime], deliveries=[])
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    with serving(create_app(settings)) as served:
        quality = Quality(settings=settings, identities=identities, url=served.url)
        try:
            yield quality
        finally:
            quality.close()
            supervisor.stop()
            thread.join()
            runtime.database.dispose()
