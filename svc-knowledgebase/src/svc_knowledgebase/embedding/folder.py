"""`fleet kb build --embed`: vectors and groups beside the records of a folder, without a server."""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from shared_lib.embeddings.contract import Embedder, Vectors
from shared_lib.embeddings.lazy import LazyEmbedder
from svc_knowledgebase.building.assembly import RECORDS
from svc_knowledgebase.clusters.cluster import CLUSTERS
from svc_knowledgebase.embedding.nearest import DIGESTS, VECTORS
from svc_knowledgebase.embedding.vectors import (
    EmbeddedRecords,
    KnownVectors,
    Progress,
    embed_records,
)
from svc_knowledgebase.grouping.group import Grouped, group_records

FACTS = "embedding.json"
"""Says which model made the vectors: those of another one are of no use to the next build."""


@dataclass(frozen=True)
class FolderEmbedding:
    """What was made."""

    embedded: EmbeddedRecords
    grouped: Grouped | None


def embed_folder(
    target: Path, *, open_model: Callable[[], Embedder], model: str, progress: Progress
) -> FolderEmbedding:
    """Embed the records of a folder and group them; only texts that are new are embedded.

    Args:
        target: the folder that `fleet kb build` wrote.
        open_model: called when a text is new, or categories have names to be embedded.
        model: names the embedder.
        progress: told how many of the new texts are done.

    Raises:
        EmbeddingError: the embedder failed; what was there before stays.
    """
    with (
        closing(LazyEmbedder(open_model)) as embedder,
        tempfile.TemporaryDirectory(dir=target, prefix=".embedding-") as folder,
    ):
        made = Path(folder)
        facts = embed_records(
            target / RECORDS,
            target=made,
            known=_known(target, model=model),
            embedder=embedder.open,
            commit=lambda _digests, _vectors: None,
            progress=progress,
        )
        (made / FACTS).write_text(json.dumps({"model": model, "dimensions": facts.dimensions}))
        grouped = _group(target, made, embed=embedder.embed)
        for place in sorted(made.iterdir()):
            shutil.move(place, target / place.name)
    return FolderEmbedding(embedded=facts, grouped=grouped)


def _known(target: Path, *, model: str) -> KnownVectors:
    known, facts = KnownVectors(), target / FACTS
    if facts.exists() and json.loads(facts.read_text(encoding="utf-8"))["model"] == model:
        known.add(np.load(target / DIGESTS), np.load(target / VECTORS))
    return known


def _group(
    target: Path, made: Path, *, embed: Callable[[Sequence[str]], Vectors]
) -> Grouped | None:
    vectors, before = np.load(made / VECTORS), target / CLUSTERS
    if not len(vectors):
        return None
    return group_records(
        made,
        _records(target / RECORDS),
        vectors,
        embed=embed,
        before=before.read_bytes() if before.exists() else None,
    )


def _records(place: Path) -> Iterator[dict[str, Any]]:
    with place.open("rb") as lines:
        for line in lines:
            yield orjson.loads(line)
