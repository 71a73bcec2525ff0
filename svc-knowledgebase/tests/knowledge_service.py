"""The real service with its real job children, and what its tests ask of it."""

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from shared_lib.contracts.catalog import VersionPurpose
from shared_lib.contracts.events import (
    DATASET_VERSION_LANDED,
    DatasetVersionLanded,
    LandedFile,
)
from shared_lib.contracts.ids import IdKind, new_id
from shared_lib.contracts.internal import EVENTS_PATH
from shared_lib.contracts.knowledge import KnowledgeRecord
from shared_lib.contracts.services import ServiceName
from shared_lib.db.migrations import migrate
from shared_lib.embeddings.settings import EmbeddingSettings
from shared_lib.jobs.supervisor import Supervisor
from shared_lib.settings import DatabaseSettings, JobSettings
from shared_lib.storage.keys import raw_key
from shared_lib.testing.services import TENANT, AskedService, Identities, event_of, serving, told
from svc_knowledgebase.app import create_app
from svc_knowledgebase.settings import KnowledgebaseSettings
from svc_knowledgebase.worker import runtime as build_runtime

BASES = "/v1/knowledge-bases"


NO_EMBEDDINGS = EmbeddingSettings(provider="none")


def knowledge_settings(
    folder: Path,
    *,
    database_url: str = "",
    embeddings: EmbeddingSettings = NO_EMBEDDINGS,
    grouping: bool = False,
) -> KnowledgebaseSettings:
    """Settings of a service under `folder`; SQLite there when no database is given."""
    return KnowledgebaseSettings(
        mode="embedded",
        data=folder / "data",
        database=DatabaseSettings(url=database_url),
        jobs=JobSettings(poll_s=0.05, sweep_s=0.2, retry_backoff_s=0.05, lease_s=3),
        object_sweep_s=1e-6,
        embeddings=embeddings,
        grouping=grouping,
        environments=Path(sys.prefix) / "envs",
    )


@dataclass
class Knowledge(AskedService):
    """A running svc-knowledgebase."""

    settings: KnowledgebaseSettings
    identities: Identities
    url: str

    def __post_init__(self) -> None:
        self.runtime = build_runtime(self.settings)
        self.http = httpx.Client(base_url=self.url, timeout=30)

    def make_base(self, dataset: str, *, tenant: str = TENANT, **more: Any) -> Any:
        """A base named after its dataset."""
        body = {"name": dataset, "dataset": dataset, **more}
        answer = self.ask("POST", BASES, json=body, tenant=tenant)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def land(
        self,
        files: Mapping[str, bytes],
        *,
        dataset: str,
        number: int = 1,
        tenant: str = TENANT,
        purpose: VersionPurpose = "documents",
        event_id: str | None = None,
    ) -> DatasetVersionLanded:
        """Store a version's files as svc-ingest does, and tell of it in its name."""
        landed = []
        for path, data in files.items():
            key = raw_key(tenant, new_id(IdKind.UPLOAD))
            self.runtime.store.put(key, [data])
            landed.append(
                LandedFile(
                    file_id=new_id(IdKind.FILE),
                    path=path,
                    object_key=key,
                    sha256=hashlib.sha256(data).hexdigest(),
                    bytes=len(data),
                )
            )
        version = DatasetVersionLanded(
            dataset_id=f"ds_{dataset}",
            dataset_name=dataset,
            version_id=new_id(IdKind.DATASET_VERSION),
            version_number=number,
            files=landed,
            purpose=purpose,
        )
        assert self.tell(version, tenant=tenant, event_id=event_id).status_code == 200
        return version

    def tell(
        self, version: DatasetVersionLanded, *, tenant: str = TENANT, event_id: str | None = None
    ) -> httpx.Response:
        """Deliver the event in the name of svc-ingest."""
        event = event_of(
            DATASET_VERSION_LANDED,
            version,
            producer=ServiceName.INGEST,
            tenant=tenant,
            flow_id=new_id(IdKind.FLOW),
            event_id=event_id,
        )
        headers = self.identities.headers(tenant, issuer=ServiceName.INGEST)
        return self.http.post(EVENTS_PATH, json=event, headers=headers)

    def built(self, base: str, *, tenant: str = TENANT) -> Any:
        """The newest build of a base, when its job has ended."""
        newest = self.get(f"{BASES}/{base}/builds", tenant=tenant)["items"][0]
        job = self.get(f"/v1/jobs/{newest['job_id']}", headers={"Prefer": "wait=60"}, tenant=tenant)
        assert job["ended_at"] is not None, job
        return self.get(f"{BASES}/{base}/builds", tenant=tenant)["items"][0]

    def embedded(self, base: str, *, tenant: str = TENANT) -> Any:
        """The newest build of a base, when it is embedded too."""
        embedding = self.built(base, tenant=tenant)["embedding"]
        headers = {"Prefer": "wait=120"}
        job = self.get(f"/v1/jobs/{embedding['job_id']}", headers=headers, tenant=tenant)
        assert job["state"] == "succeeded", job
        return self.get(f"{BASES}/{base}/builds", tenant=tenant)["items"][0]

    def records(self, base: str) -> list[KnowledgeRecord]:
        """All records of the current build, as they are downloaded."""
        answer = self.ask("GET", f"{BASES}/{base}/download")
        assert answer.status_code == 200, answer.text
        return [KnowledgeRecord.model_validate_json(line) for line in answer.text.splitlines()]

    def found(self, base: str, query: str, **parameters: Any) -> list[str]:
        """Paths of what is found, the best first."""
        answer = self.get(f"{BASES}/{base}/search", params={"q": query, **parameters})
        return [hit["record"]["path"] for hit in answer["hits"]]

    def objects(self) -> set[str]:
        """Names of all objects of bases."""
        return {found.key for found in self.runtime.store.list("knowledge/")}

    def objects_of(self, base_id: str) -> set[str]:
        """Those of one base."""
        return {key for key in self.objects() if base_id in key}

    def events(self, name: str) -> list[Any]:
        """Events of a name in the outbox, oldest first; each once, however many hear it."""
        return told(self.runtime.database, name)

    def close(self) -> None:
        """Let go of connections."""
        self.http.close()
        self.runtime.database.dispose()


@contextmanager
def running_worker(settings: KnowledgebaseSettings, **environment: str) -> Iterator[None]:
    """The supervisor as a process of its own, in an environment of its own."""
    given = {
        "FLEET_MODE": "embedded",
        "FLEET_DATA": str(settings.data),
        "FLEET_JOBS__POLL_S": "0.05",
        "FLEET_JOBS__SWEEP_S": "0.2",
        "FLEET_JOBS__RETRY_BACKOFF_S": "0.05",
        "FLEET_OBJECT_SWEEP_S": "0.000001",
        "FLEET_ENVIRONMENTS": str(settings.environments_folder),
        "FLEET_GROUPING": str(settings.grouping),
        "FLEET_EMBEDDINGS__PROVIDER": settings.embeddings.provider,
        "FLEET_EMBEDDINGS__URL": settings.embeddings.url,
        "FLEET_EMBEDDINGS__MODEL": settings.embeddings.model,
    }
    command = [sys.executable, "-m", "svc_knowledgebase.worker"]
    worker = subprocess.Popen(command, env=os.environ | given | environment)
    try:
        yield
    finally:
        worker.terminate()
        worker.wait()


@contextmanager
def running_knowledge(
    settings: KnowledgebaseSettings, *, supervised: bool = True
) -> Iterator[Knowledge]:
    """The service, migrated, on a free port; its supervisor in a thread."""
    identities = Identities(settings.secrets_folder, audience=ServiceName.KNOWLEDGEBASE)
    runtime = build_runtime(settings)
    migrate("svc_knowledgebase", runtime.database)
    supervisor = Supervisor([runtime], deliveries=[])
    thread = threading.Thread(target=supervisor.run)
    if supervised:
        thread.start()
    with serving(create_app(settings)) as served:
        knowledge = Knowledge(settings=settings, identities=identities, url=served.url)
        try:
            yield knowledge
        finally:
            knowledge.close()
            supervisor.stop()
            if supervised:
                thread.join()
            runtime.database.dispose()
