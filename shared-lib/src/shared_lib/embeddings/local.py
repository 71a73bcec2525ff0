"""sentence-transformers on this machine: in the environment `ml`, in a process of its own."""

import contextlib
import hashlib
import json
import logging
import os
import struct
import subprocess
import threading
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import IO, Any

import numpy as np

from shared_lib.embeddings.contract import Vectors
from shared_lib.embeddings.errors import EmbeddingError, ModelRefusedError
from shared_lib.embeddings.ml.encoder import PACKAGED, PACKAGED_WEIGHTS
from shared_lib.embeddings.settings import EmbeddingSettings
from shared_lib.environments import Environment

logger = logging.getLogger(__name__)

ML = "ml"
"""Name of the environment."""

_SAID_LINES = 8


def ml_requirements() -> str:
    """What the environment `ml` holds."""
    package = files("shared_lib.embeddings.ml")
    names = ("requirements.txt", "torch.in")
    return "\n".join((package / name).read_text(encoding="utf-8") for name in names)


class LocalEmbedder:
    """A process that has a model; it ends with us.

    Args:
        environment: `ml`, built.
        settings: which model and how.
        folder: where what was measured about precisions is kept.

    Raises:
        ModelRefusedError: the model cannot be loaded, or its weights are others.
        EmbeddingError: the process ended.
    """

    def __init__(
        self, environment: Environment, *, settings: EmbeddingSettings, folder: Path
    ) -> None:
        self._settings = settings
        self._said: list[str] = []
        self._model = local_model(settings.model)
        self._calibration = folder / f"precision-{environment.key}.json"
        self._precision = self._known_precision()
        told = {
            "model": settings.model,
            "precision": self._precision,
            "threads": settings.threads,
        }
        encoder = files("shared_lib.embeddings.ml") / "encoder.py"
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [str(environment.python), "-I", str(encoder), json.dumps(told)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_variables(settings),
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        try:
            header, _ = self._answered()
        except BaseException:
            # Nobody else has the process yet, so nobody else would end it.
            self.close()
            raise
        self.device: str = header["device"]
        self.dimensions: int = header["dimensions"]

    @property
    def model(self) -> str:
        """The model and the hash of its files."""
        return self._model

    @property
    def precision(self) -> str:
        """In which the last texts were encoded."""
        return self._precision

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def embed(self, texts: Sequence[str]) -> Vectors:
        """A unit vector of each text.

        Raises:
            EmbeddingError: the process ended, or took too long.
        """
        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        content = json.dumps(list(texts)).encode()
        header = json.dumps({"bytes": len(content)}).encode()
        assert self._process.stdin is not None  # noqa: S101 - Popen was told to make it
        guard = threading.Timer(self._settings.time_limit_s, self._process.kill)
        guard.start()
        try:
            with contextlib.suppress(BrokenPipeError):  # the answer says that it is gone
                self._process.stdin.write(struct.pack(">I", len(header)) + header + content)
                self._process.stdin.flush()
            told, found = self._answered()
        finally:
            guard.cancel()
        self._keep(told)
        return np.frombuffer(found, dtype=np.float32).reshape(told["rows"], self.dimensions)

    def _answered(self) -> tuple[dict[str, Any], bytes]:
        assert self._process.stdout is not None  # noqa: S101 - Popen was told to make it
        pipe: IO[bytes] = self._process.stdout
        head = pipe.read(4)
        if len(head) < 4:
            code = self._process.wait()
            self._listener.join(timeout=5)
            raise EmbeddingError(
                f"The process that makes vectors ended with {code}. It said: "
                f"{' '.join(self._said[-_SAID_LINES:]) or 'nothing'}"
            )
        header = json.loads(pipe.read(struct.unpack(">I", head)[0]))
        if "error" in header:
            raise ModelRefusedError(header["error"])
        return header, pipe.read(header["bytes"])

    def _known_precision(self) -> str:
        if self._settings.precision != "auto" or not self._calibration.exists():
            return self._settings.precision
        measured = json.loads(self._calibration.read_text(encoding="utf-8"))
        known: str = measured.get(self._settings.model, "auto")
        return known

    def _keep(self, told: dict[str, Any]) -> None:
        """Remember what was measured: the next process need not measure it again."""
        if self._precision != "auto":
            return
        if told["calibration"] is None:
            return
        self._precision = told["precision"]
        logger.info("precision of the embedding model: %s", json.dumps(told["calibration"]))
        known = {}
        if self._calibration.exists():
            known = json.loads(self._calibration.read_text(encoding="utf-8"))
        self._calibration.parent.mkdir(parents=True, exist_ok=True)
        made = self._calibration.with_suffix(f".{os.getpid()}")
        made.write_text(json.dumps({**known, self._settings.model: self._precision}))
        made.replace(self._calibration)

    def _listen(self) -> None:
        assert self._process.stderr is not None  # noqa: S101 - Popen was told to make it
        for line in self._process.stderr:
            self._said.append(line.decode(errors="replace").strip())
            del self._said[:-_SAID_LINES]

    def close(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.wait()
        self._listener.join()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):  # texts that nobody will read any more
                    pipe.close()


def local_model(model: str) -> str:
    """Names a model: the packaged one and a folder by their content, a hub's id by itself.

    What a hub puts under the same id later is not noticed; a folder that changes is.
    """
    folder = Path(model)
    if not model:
        return f"{PACKAGED}@{PACKAGED_WEIGHTS[:12]}"
    if not folder.is_dir():
        return model
    content = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content.update(f"{path.relative_to(folder)}\0".encode())
        with path.open("rb") as file:
            content.update(hashlib.file_digest(file, "sha256").digest())
    return f"{folder.name}@{content.hexdigest()[:12]}"


def _variables(settings: EmbeddingSettings) -> dict[str, str]:
    """No secret of ours; the network only for a model that has a hub's id."""
    passed = ("PATH", "HOME", "LANG", "HF_HOME", "CUDA_VISIBLE_DEVICES", "FLEET_JOB_TRY")
    given = {name: os.environ[name] for name in passed if name in os.environ}
    from_hub = bool(settings.model) and not Path(settings.model).exists()
    if from_hub:
        proxies = ("HTTPS_PROXY", "SSL_CERT_FILE", "HF_TOKEN", "HF_ENDPOINT")
        return given | {name: os.environ[name] for name in proxies if name in os.environ}
    return given | {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
