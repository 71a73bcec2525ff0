"""CPU time of an upload: our raw streaming PUT against FastAPI's UploadFile.

    python benchmarks/upload.py [--megabytes 512] [--rounds 3]

Both servers are uvicorn with one process, and do the same work: receive one file, hash it with
SHA-256 on the way, and leave it under its final name, synced to the disk. Ours also checks the
identity token, writes its row, refuses a full disk and removes what an interrupted client left.
The peer is the route most people write: `UploadFile`, read in pieces of 1 MiB. The figure is user +
system time of the server; medians over interleaved rounds. Each answer's digest is compared with
the source's, and so are the stored bytes.
"""

import argparse
import contextlib
import hashlib
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
from _measuring import cpu_seconds, verdict

from shared_lib.contracts.services import ServiceName
from shared_lib.db.migrations import migrate
from shared_lib.testing.processes import free_port, running
from shared_lib.testing.services import Identities
from svc_ingest.settings import IngestSettings
from svc_ingest.worker import runtime

GOAL = 0.7
PIECE = 1024 * 1024
PEER = """
import hashlib, os
from pathlib import Path
from fastapi import FastAPI, UploadFile

app = FastAPI()
FOLDER = Path(os.environ["PEER_FOLDER"])

@app.post("/upload", status_code=201)
async def upload(file: UploadFile):
    digest, part = hashlib.sha256(), FOLDER / (file.filename + ".part")
    with part.open("wb") as out:
        while piece := await file.read(1024 * 1024):
            digest.update(piece)
            out.write(piece)
        out.flush()
        os.fsync(out.fileno())
    os.replace(part, FOLDER / file.filename)
    return {"sha256": digest.hexdigest()}
"""

Send = Callable[[Path, str], httpx.Response]


@contextlib.contextmanager
def ours(folder: Path) -> Iterator[tuple[int, Send]]:
    """svc-ingest alone; its pid, and how a file is sent under a name."""
    settings = IngestSettings(mode="embedded", data=folder / "data")
    migrate("svc_ingest", runtime(settings).database)
    identities = Identities(settings.secrets_folder, audience=ServiceName.INGEST)
    port = free_port()

    def send(source: Path, name: str) -> httpx.Response:
        with source.open("rb") as content:
            return httpx.put(
                f"http://127.0.0.1:{port}/v1/uploads/{name}",
                content=iter(lambda: content.read(PIECE), b""),
                headers=identities.headers() | {"Content-Length": str(source.stat().st_size)},
                timeout=600,
            )

    environment = {"FLEET_MODE": "embedded", "FLEET_DATA": str(settings.data)}
    with serve("svc_ingest.main:app_factory", "--factory", port=port, folder=folder,
               environment=environment) as pid:  # fmt: skip
        yield pid, send


@contextlib.contextmanager
def peer(folder: Path) -> Iterator[tuple[int, Send]]:
    """The peer, likewise."""
    (folder / "peer.py").write_text(PEER)
    (folder / "peer").mkdir()
    port = free_port()

    def send(source: Path, name: str) -> httpx.Response:
        with source.open("rb") as content:
            return httpx.post(
                f"http://127.0.0.1:{port}/upload", files={"file": (name, content)}, timeout=600
            )

    with serve("peer:app", "--app-dir", str(folder), port=port, folder=folder,
               environment={"PEER_FOLDER": str(folder / "peer")}) as pid:  # fmt: skip
        yield pid, send


@contextlib.contextmanager
def serve(
    app: str, *options: str, port: int, folder: Path, environment: dict[str, str]
) -> Iterator[int]:
    """uvicorn with one process; its pid."""
    command = [sys.executable, "-m", "uvicorn", app, *options, "--port", str(port),
               "--no-access-log", "--loop", "uvloop", "--http", "httptools"]  # fmt: skip
    log = folder / f"{port}.log"
    with running(command, port=port, log=log, env=environment) as pid:
        yield pid


def write_source(path: Path, *, megabytes: int) -> str:
    """A file that no store can keep as something smaller; its SHA-256."""
    digest = hashlib.sha256()
    with path.open("wb") as out:
        for number in range(megabytes):
            block = hashlib.shake_128(b"%d" % number).digest(PIECE)
            digest.update(block)
            out.write(block)
    return digest.hexdigest()


def measure(pid: int, send: Send, *, source: Path, name: str, sha256: str) -> float:
    """CPU seconds of one upload."""
    before = cpu_seconds(pid)
    answer = send(source, name)
    used = cpu_seconds(pid) - before
    if answer.status_code != 201 or answer.json()["sha256"] != sha256:
        sys.exit(f"the upload of {name} went wrong: {answer.status_code} {answer.text[:300]}")
    return used


def check_stored(folder: Path, *, sha256: str) -> None:
    """Every stored file is the source, byte for byte."""
    large = [path for path in folder.rglob("*") if path.is_file() and path.stat().st_size >= PIECE]
    stored = [path for path in large if path.suffix not in (".db", ".source")]
    if not stored:
        sys.exit("nothing was stored")
    for path in stored:
        with path.open("rb") as content:
            if hashlib.file_digest(content, "sha256").hexdigest() != sha256:
                sys.exit(f"{path} is not what was sent")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description="CPU time of an upload")
    parser.add_argument("--megabytes", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    cpu: dict[str, list[float]] = {"datafleet": [], "UploadFile": []}
    memory: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="fleet-bench-") as name:
        folder = Path(name)
        source = folder / "upload.source"
        sha256 = write_source(source, megabytes=chosen.megabytes)
        for round_ in range(chosen.rounds):
            for method, contender in (("datafleet", ours), ("UploadFile", peer)):
                with tempfile.TemporaryDirectory(dir=folder) as home:
                    with contender(Path(home)) as (pid, send):
                        send(write_small(folder), "warm.bin")
                        file = f"{method}-{round_}.bin"
                        cpu[method].append(
                            measure(pid, send, source=source, name=file, sha256=sha256)
                        )
                        memory[method] = psutil.Process(pid).memory_info().rss / 1e6
                    check_stored(Path(home), sha256=sha256)
    report(cpu, memory, megabytes=chosen.megabytes)


def write_small(folder: Path) -> Path:
    """A small file for the first request, which imports and opens what later ones find open."""
    small = folder / "small.bin"
    small.write_bytes(b"warm")
    return small


def report(cpu: dict[str, list[float]], memory: dict[str, float], *, megabytes: int) -> None:
    """The table and the verdict."""
    print(f"{megabytes} MB; CPU seconds of the server, median of {len(cpu['datafleet'])}")
    for method, rounds in cpu.items():
        all_rounds = " ".join(f"{value:.2f}" for value in rounds)
        print(f"{method:12}{statistics.median(rounds):8.2f} s   memory {memory[method]:5.0f} MB"
              f"   all rounds: {all_rounds}")  # fmt: skip
    ratio = statistics.median(cpu["datafleet"]) / statistics.median(cpu["UploadFile"])
    print(f"datafleet / UploadFile: {ratio:.2f} ({verdict(ratio, goal=GOAL)})")


if __name__ == "__main__":
    main()
