"""The real service on a real socket, and what its tests ask of it."""

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import update

from shared_lib.contracts.base import Contract, utc_now
from shared_lib.contracts.events import (
    JOB_CHANGED,
    JUDGEMENTS_REQUESTED,
    TABLE_PUBLISHED,
    TRAINING_DECIDED,
    EventSpec,
    JobChanged,
    JudgementsRequested,
    RequestedJudgement,
    TablePublished,
    TrainingDecided,
    TrainingDecision,
)
from shared_lib.contracts.ids import IdKind, new_id, new_job_id
from shared_lib.contracts.internal import EVENTS_PATH
from shared_lib.contracts.jobs import JobState, JobSummary
from shared_lib.contracts.services import ServiceName
from shared_lib.db.migrations import migrate
from shared_lib.events.models import OutboxRow
from shared_lib.settings import DatabaseSettings
from shared_lib.testing.services import TENANT, AskedService, Identities, event_of, serving
from svc_ingest.app import create_app
from svc_ingest.files.models import BlobRow, FileRow
from svc_ingest.settings import IngestSettings
from svc_ingest.uploads.models import UploadRow
from svc_ingest.uploads.sweep import UploadSweep
from svc_ingest.worker import runtime as build_runtime

EVERY_REVISION = 1_000_000


def digest_of(content: bytes) -> str:
    """The content's SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


def content_digest(content: bytes) -> str:
    """The header of RFC 9530 for that content."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


@dataclass
class Ingest(AskedService):
    """A running svc-ingest."""

    settings: IngestSettings
    identities: Identities
    url: str
    app: Any

    def __post_init__(self) -> None:
        self.runtime = build_runtime(self.settings)
        self.http = httpx.Client(base_url=self.url, timeout=30)

    def put(
        self,
        path: str,
        content: Any,
        *,
        tenant: str = TENANT,
        headers: dict[str, str] | None = None,
        **params: str,
    ) -> httpx.Response:
        """Upload."""
        return self.ask(
            "PUT",
            f"/v1/uploads/{path}",
            tenant=tenant,
            content=content,
            headers=headers or {},
            params=params,
        )

    def land(self, dataset: str, path: str = "a.csv", content: bytes = b"a\n1\n") -> Any:
        """Upload and land; the version."""
        answer = self.put(path, content, dataset=dataset)
        assert answer.status_code == 201, answer.text
        return answer.json()["version"]

    def tell(
        self,
        spec: EventSpec,
        payload: Contract,
        *,
        flow_id: str | None,
        tenant: str = TENANT,
        event_id: str | None = None,
    ) -> httpx.Response:
        """Deliver an event in the name of svc-parquet."""
        event = event_of(
            spec,
            payload,
            producer=ServiceName.PARQUET,
            tenant=tenant,
            flow_id=flow_id,
            event_id=event_id,
        )
        headers = self.identities.headers(tenant, issuer=ServiceName.PARQUET)
        return self.http.post(EVENTS_PATH, json=event, headers=headers)

    def tell_job(self, version: Any, **changes: Any) -> str:
        """Say how the conversion of a version's first file stands; the job's id."""
        file_id = version["files"][0]["id"]
        job = job_summary(file_id, flow_id=version["flow_id"], **changes)
        revision = changes.get("revision", 1)
        answer = self.tell(
            JOB_CHANGED, JobChanged(job=job, revision=revision), flow_id=version["flow_id"]
        )
        assert answer.status_code == 200, answer.text
        return job.id

    def tell_table(self, version: Any, *, job_id: str, **changes: Any) -> TablePublished:
        """Say that the version's first file came out as a table, which no suite will judge."""
        table = published(version, job_id=job_id, **changes)
        answer = self.tell(TABLE_PUBLISHED, table, flow_id=version["flow_id"])
        assert answer.status_code == 200, answer.text
        self.tell_asked(version, table)
        return table

    def tell_asked(self, version: Any, table: TablePublished, **suites: str) -> None:
        """Say which suites judge a table: `suite="qj_1"` is a suite and its judgement.

        And that no trigger will ever be asked about it, so that these suites alone decide.
        """
        self.tell_decided(version, table, revision=EVERY_REVISION)
        asked = JudgementsRequested(
            version_id=version["id"],
            file_id=table.file_id,
            table_version_id=table.table_version_id,
            judgements=[
                RequestedJudgement(judgement_id=id_, suite_name=name, job_id=f"job_qu_{id_}")
                for name, id_ in suites.items()
            ],
        )
        answer = self.tell(JUDGEMENTS_REQUESTED, asked, flow_id=version["flow_id"])
        assert answer.status_code == 200, answer.text

    def tell_decided(
        self, version: Any, table: TablePublished, *decisions: TrainingDecision, revision: int
    ) -> None:
        """Say what the triggers said of a table."""
        decided = TrainingDecided(
            version_id=version["id"],
            file_id=table.file_id,
            table_version_id=table.table_version_id,
            decisions=list(decisions),
            revision=revision,
        )
        answer = self.tell(TRAINING_DECIDED, decided, flow_id=version["flow_id"])
        assert answer.status_code == 200, answer.text

    def objects(self) -> list[str]:
        """Keys of everything in the store."""
        return [found.key for found in self.runtime.store.list("raw/")]

    def partials(self) -> list[Path]:
        """What writers have not finished."""
        assert self.settings.storage.root is not None
        return list((self.settings.storage.root / ".partial").iterdir())

    def outbox(self) -> list[dict[str, Any]]:
        """The events that wait to be delivered, each once however many hear it."""
        with self.runtime.database.read() as view:
            rows = view.session.query(OutboxRow).order_by(OutboxRow.id)
            return list({row.event["id"]: row.event for row in rows}.values())

    def uploads(self) -> list[UploadRow]:
        """All rows of uploads, oldest first."""
        with self.runtime.database.read() as view:
            return list(view.session.query(UploadRow).order_by(UploadRow.id))

    def age(self, upload_id: str, *, seconds: float) -> None:
        """Let an upload have been made, and its lease have ended, that long ago."""
        before = utc_now() - timedelta(seconds=seconds)
        with self.runtime.database.write() as unit:
            unit.session.execute(
                update(UploadRow).where(UploadRow.id == upload_id).values(created_at=before)
            )
            unit.session.execute(
                update(UploadRow)
                .where(UploadRow.id == upload_id, UploadRow.lease_until.is_not(None))
                .values(lease_until=before)
            )

    def sweep(self) -> None:
        """What the supervisor does from time to time, everything at once."""
        UploadSweep()(self.runtime)

    def assert_whole(self) -> None:
        """Every object has a row, every landed file has its bytes, nothing is half made."""
        assert self.partials() == []
        with self.runtime.database.read() as view:
            named = {row.object_key: row.sha256 for row in view.session.query(BlobRow)}
            landed = {row.sha256 for row in view.session.query(FileRow)}
        assert sorted(self.objects()) == sorted(named)
        assert landed <= set(named.values())
        for key, sha256 in named.items():
            assert digest_of(b"".join(self.runtime.store.open(key))) == sha256

    def close(self) -> None:
        """Let go of connections."""
        self.http.close()
        self.runtime.database.dispose()


def ingest_settings(folder: Path, *, database_url: str = "", **more: Any) -> IngestSettings:
    """Settings of a service under `folder`; SQLite there when no database is given."""
    return IngestSettings(
        mode="embedded",
        data=folder / "data",
        database=DatabaseSettings(url=database_url),
        object_sweep_s=1e-6,
        **more,
    )


@contextmanager
def running_ingest(settings: IngestSettings) -> Iterator[Ingest]:
    """The service, migrated, on a free port of 127.0.0.1."""
    identities = Identities(settings.secrets_folder, audience=ServiceName.INGEST)
    runtime = build_runtime(settings)
    migrate("svc_ingest", runtime.database)
    runtime.database.dispose()
    with serving(create_app(settings)) as served:
        ingest = Ingest(settings=settings, identities=identities, url=served.url, app=served.app)
        yield ingest
        ingest.close()


def job_summary(
    file_id: str,
    *,
    flow_id: str | None,
    state: JobState = JobState.SUCCEEDED,
    job_id: str | None = None,
    kind: str = "convert",
    **more: Any,
) -> JobSummary:
    """A conversion as `job.changed` tells of it."""
    now = utc_now()
    more.pop("revision", None)
    return JobSummary(
        id=job_id or new_job_id("pq"),
        kind=kind,
        service=ServiceName.PARQUET.value,
        state=state,
        subject_id=file_id,
        flow_id=flow_id,
        attempts=more.pop("attempts", 1),
        created_at=now,
        started_at=now if state != JobState.QUEUED else None,
        ended_at=now if state.ended else None,
        **more,
    )


def published(version: Any, *, job_id: str, **changes: Any) -> TablePublished:
    """A table as `table.published` tells of it."""
    file = version["files"][0]
    return TablePublished(
        **{
            "dataset_id": version["dataset_id"],
            "version_id": version["id"],
            "file_id": file["id"],
            "table_id": new_id(IdKind.TABLE),
            "table_version_id": new_id(IdKind.TABLE_VERSION),
            "table_name": "a",
            "job_id": job_id,
            "rows": 10,
            "columns": 2,
            "bytes_in": file["bytes"],
            "bytes_out": 7,
            "quarantined_rows": 1,
            "widened_columns": ["x"],
            **changes,
        }
    )


def events_of(stream: httpx.Response) -> Iterator[tuple[str, str, Any]]:
    """`(name, id, data)` of each server-sent event."""
    name, number, data = "", "", None
    for line in stream.iter_lines():
        key, _, value = line.partition(": ")
        if key == "event":
            name = value
        elif key == "id":
            number = value
        elif key == "data":
            data = json.loads(value)
        elif not line and name:
            yield name, number, data
            name, number, data = "", "", None
