"""The process is stopped between each pair of durable steps; nothing accepted is ever lost."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from ingest_service import Ingest, digest_of, ingest_settings

import svc_ingest
from shared_lib.contracts.services import ServiceName
from shared_lib.db.migrations import migrate
from shared_lib.faults import CRASH_EXIT_CODE
from shared_lib.testing.processes import free_port, running
from shared_lib.testing.services import Identities
from svc_ingest.settings import IngestSettings
from svc_ingest.worker import runtime

CONTENT = b"id\n" + b"1\n" * 100_000
STORAGE_POINTS = ("storage.file.synced", "storage.file.visible")
SWEEP = """
from svc_ingest.settings import IngestSettings
from svc_ingest.worker import runtime
parts = runtime(IngestSettings())
for sweep in parts.sweeps:
    sweep(parts)
"""


def points_in_source() -> list[str]:
    source = Path(str(svc_ingest.__file__)).parent
    found = re.findall(
        r'crash_point\("([^"]+)"\)', "\n".join(p.read_text() for p in sorted(source.rglob("*.py")))
    )
    assert len(found) == len(set(found)) >= 6
    return sorted(found)


POINTS = points_in_source()


class Process:
    """The service as a process of its own that dies at a point, once."""

    def __init__(self, settings: IngestSettings, *, folder: Path, crash_at: str) -> None:
        self.identities = Identities(settings.secrets_folder, audience=ServiceName.INGEST)
        self.folder, self.port, self.deaths = folder, free_port(), 0
        self.environment = {
            "FLEET_MODE": "embedded",
            "FLEET_DATA": str(settings.data),
            "FLEET_CRASH_AT": crash_at,
            "FLEET_CRASH_MARK": str(folder / "crashed"),
        }

    @contextmanager
    def serving(self) -> Iterator[httpx.Client]:
        """The running service."""
        command = [
            *(sys.executable, "-m", "uvicorn", "--factory", "svc_ingest.main:app_factory"),
            *("--port", str(self.port)),
        ]
        with (
            running(command, port=self.port, log=self.folder / "log", env=self.environment),
            httpx.Client(
                base_url=f"http://127.0.0.1:{self.port}",
                headers=self.identities.headers(),
                timeout=30,
            ) as client,
        ):
            yield client

    def push(self, name: str) -> httpx.Response:
        """Upload as a patient client does: again with the same key, until there is an answer."""
        for _ in range(3):
            with suppress(httpx.TransportError), self.serving() as client:
                return client.put(
                    f"/v1/uploads/{name}",
                    params={"dataset": "people"},
                    content=CONTENT,
                    headers={"Idempotency-Key": name},
                )
            self.deaths += 1
        raise AssertionError("the service died more often than it was told to")

    def sweep(self) -> int:
        """Run the sweep in a process of its own; its exit code."""
        environment = self.environment | {
            "FLEET_OBJECT_SWEEP_S": "0.000001",
            "PYTHONPATH": ":".join(sys.path),
        }
        return subprocess.run(
            [sys.executable, "-c", SWEEP], env=environment, check=False, timeout=60
        ).returncode


@pytest.fixture
def settings(tmp_path: Path) -> IngestSettings:
    found = ingest_settings(tmp_path)
    parts = runtime(found)
    migrate("svc_ingest", parts.database)
    parts.database.dispose()
    return found


def assert_all_is_well(process: Process, settings: IngestSettings, *, pushed: int) -> None:
    ingest = Ingest(
        settings=settings, identities=process.identities, url="http://127.0.0.1", app=None
    )
    with process.serving() as client:
        versions = client.get("/v1/datasets/people/versions").json()["items"]
        assert [version["number"] for version in versions] == list(range(pushed, 0, -1))
        for version in versions:
            (file,) = version["files"]
            content = client.get(f"/v1/files/{file['id']}/content").content
            assert digest_of(content) == file["sha256"] == digest_of(CONTENT)
    assert len(ingest.outbox()) == pushed
    ingest.runtime.store.discard_partials(older_than_s=0)
    ingest.assert_whole()
    assert {row.state for row in ingest.uploads()} <= {"landed", "aborted"}
    ingest.close()


@pytest.mark.parametrize(
    "point", [*STORAGE_POINTS, *(p for p in POINTS if p.startswith("ingest.upload."))]
)
def test_a_push_survives_a_stop_anywhere(
    tmp_path: Path, settings: IngestSettings, point: str
) -> None:
    process = Process(settings, folder=tmp_path, crash_at=point)
    # The second one brings content that is there already, and has steps of its own.
    for name in ("a.csv", "b.csv"):
        answer = process.push(name)
        assert answer.status_code == 201, answer.text
        assert answer.json()["sha256"] == digest_of(CONTENT)
    assert process.deaths == 1

    age_all(settings, process)
    assert process.sweep() == 0
    assert_all_is_well(process, settings, pushed=2)


@pytest.mark.parametrize("point", [p for p in POINTS if p.startswith("ingest.sweep.")])
def test_a_sweep_survives_a_stop_anywhere(
    tmp_path: Path, settings: IngestSettings, point: str
) -> None:
    """An upload that died with its object written, and a sweep that dies while it cleans up."""
    process = Process(settings, folder=tmp_path, crash_at="ingest.upload.object_written")
    assert process.push("a.csv").status_code == 201
    age_all(settings, process)
    process.environment |= {
        "FLEET_CRASH_AT": point,
        "FLEET_CRASH_MARK": str(tmp_path / "crashed again"),
    }
    assert process.sweep() == CRASH_EXIT_CODE

    assert process.sweep() == 0
    assert_all_is_well(process, settings, pushed=1)


def age_all(settings: IngestSettings, process: Process) -> None:
    """Let the lease of every upload be over."""
    ingest = Ingest(
        settings=settings, identities=process.identities, url="http://127.0.0.1", app=None
    )
    for row in ingest.uploads():
        ingest.age(row.id, seconds=3600)
    ingest.close()


def test_every_point_is_tried() -> None:
    assert {point.rpartition(".")[0] for point in POINTS} == {"ingest.upload", "ingest.sweep"}
