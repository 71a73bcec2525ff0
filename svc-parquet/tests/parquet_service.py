"""The real service with its real job children, and what its tests ask of it."""

import hashlib
import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq

from shared_lib.contracts.conversions import ConversionOptions
from shared_lib.contracts.events import DATASET_VERSION_LANDED, DatasetVersionLanded, LandedFile
from shared_lib.contracts.ids import IdKind, new_id
from shared_lib.contracts.internal import EVENTS_PATH
from shared_lib.contracts.services import ServiceName
from shared_lib.db.migrations import migrate
from shared_lib.jobs.supervisor import Supervisor
from shared_lib.settings import DatabaseSettings, JobSettings
from shared_lib.storage import StorageSettings
from shared_lib.storage.keys import raw_key
from shared_lib.testing.services import TENANT, AskedService, Identities, event_of, serving, told
from shared_lib.testing.waiting import wait_until
from svc_parquet.app import create_app
from svc_parquet.settings import ParquetSettings
from svc_parquet.worker import runtime as build_runtime


def parquet_settings(
    folder: Path, *, database_url: str = "", storage: StorageSettings | None = None
) -> ParquetSettings:
    """Settings of a service under `folder`; SQLite and files there when nothing else is given."""
    return ParquetSettings(
        mode="embedded",
        data=folder / "data",
        database=DatabaseSettings(url=database_url),
        storage=storage or StorageSettings(),
        jobs=JobSettings(poll_s=0.05, sweep_s=0.2, retry_backoff_s=0.05),
        object_sweep_s=1e-6,
    )


@dataclass
class Parquet(AskedService):
    """A running svc-parquet."""

    settings: ParquetSettings
    identities: Identities
    url: str

    def __post_init__(self) -> None:
        self.runtime = build_runtime(self.settings)
        self.http = httpx.Client(base_url=self.url, timeout=30)

    def landed(
        self,
        files: dict[str, bytes],
        *,
        dataset: str,
        options: ConversionOptions | None = None,
    ) -> DatasetVersionLanded:
        """Store files as svc-ingest does; what it would tell of them."""
        return DatasetVersionLanded(
            dataset_id=f"ds_{dataset}",
            dataset_name=dataset,
            version_id=new_id(IdKind.DATASET_VERSION),
            version_number=1,
            files=[self._store(path, content) for path, content in files.items()],
            options=options or ConversionOptions(),
        )

    def _store(self, path: str, content: bytes) -> LandedFile:
        key = raw_key(TENANT, new_id(IdKind.UPLOAD))
        self.runtime.store.put(key, [content])
        return LandedFile(
            file_id=new_id(IdKind.FILE),
            path=path,
            object_key=key,
            sha256=hashlib.sha256(content).hexdigest(),
            bytes=len(content),
        )

    def tell(
        self,
        landed: DatasetVersionLanded,
        *,
        event_id: str | None = None,
        tenant: str = TENANT,
    ) -> httpx.Response:
        """Deliver the event in the name of svc-ingest."""
        event = event_of(
            DATASET_VERSION_LANDED,
            landed,
            producer=ServiceName.INGEST,
            tenant=tenant,
            flow_id=new_id(IdKind.FLOW),
            event_id=event_id,
        )
        headers = self.identities.headers(tenant, issuer=ServiceName.INGEST)
        return self.http.post(EVENTS_PATH, json=event, headers=headers)

    def land(
        self, files: dict[str, bytes], *, dataset: str, options: ConversionOptions | None = None
    ) -> list[Any]:
        """Land a version and wait for its conversions, in the order of the files."""
        landed = self.landed(files, dataset=dataset, options=options)
        assert self.tell(landed).status_code == 200
        return [self.ended(file.file_id) for file in landed.files]

    def ended(self, file_id: str) -> Any:
        """The newest conversion of a file, when its job has ended."""

        def found() -> Any:
            newest = self.get("/v1/conversions", params={"file": file_id, "limit": 1})["items"][0]
            return newest if newest["state"] in {"succeeded", "failed", "dead"} else None

        newest = wait_until(found, what="the conversion", timeout_s=60)
        return self.get(f"/v1/conversions/{newest['id']}")

    def table(self, conversion: Any) -> Any:
        """The columns of the version that a conversion published."""
        answer = self.ask("GET", f"/v1/tables/{conversion['table_id']}/download")
        assert answer.status_code == 200, answer.text
        return pq.read_table(io.BytesIO(answer.content)).to_pydict()

    def objects(self) -> list[str]:
        """Keys of all results."""
        return [found.key for found in self.runtime.store.list("tables/")]

    def events(self, name: str) -> list[Any]:
        """Events of a name in the outbox, oldest first; each once, however many hear it."""
        return told(self.runtime.database, name)

    def close(self) -> None:
        """Let go of connections."""
        self.http.close()
        self.runtime.database.dispose()


@contextmanager
def running_parquet(settings: ParquetSettings, *, supervised: bool = True) -> Iterator[Parquet]:
    """The service, migrated, on a free port; its supervisor in a thread."""
    identities = Identities(settings.secrets_folder, audience=ServiceName.PARQUET)
    runtime = build_runtime(settings)
    migrate("svc_parquet", runtime.database)
    supervisor = Supervisor([runtime], deliveries=[])
    thread = threading.Thread(target=supervisor.run)
    if supervised:
        thread.start()
    with serving(create_app(settings)) as served:
        parquet = Parquet(settings=settings, identities=identities, url=served.url)
        try:
            yield parquet
        finally:
            parquet.close()
            supervisor.stop()
            if supervised:
                thread.join()
            runtime.database.dispose()
