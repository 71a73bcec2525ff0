"""The job that embeds a build; it can be searched by words while this runs."""

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from shared_lib.contracts.knowledge import EmbeddingFacts
from shared_lib.embeddings.contract import Embedder, Vectors
from shared_lib.embeddings.opening import model_of, open_embedder
from shared_lib.faults import crash_point
from shared_lib.jobs import JobContext
from shared_lib.jobs.errors import LeaseLostError
from shared_lib.jobs.repository import JobRepository
from shared_lib.storage import StoredObject
from shared_lib.storage.keys import knowledge_key
from svc_knowledgebase.building.assembly import RECORDS
from svc_knowledgebase.builds.repository import BuildRepository
from svc_knowledgebase.builds.service import Builds
from svc_knowledgebase.embedding.models import VectorShardRow
from svc_knowledgebase.embedding.nearest import DIGESTS, GRAPH, VECTORS, write_graph
from svc_knowledgebase.embedding.repository import VectorRepository
from svc_knowledgebase.embedding.vectors import (
    Digests,
    EmbeddedRecords,
    KnownVectors,
    embed_records,
)
from svc_knowledgebase.settings import KnowledgebaseSettings


def run(context: JobContext) -> None:
    """Embed what is new, batch by batch; then store and publish beside the build's words."""
    build_id = context.job.params["build_id"]
    settings = context.runtime.settings
    assert isinstance(settings, KnowledgebaseSettings)  # noqa: S101 - whose job it is
    with context.runtime.database.read() as view:
        builds = BuildRepository(view)
        row, records = builds.get(build_id), builds.object_named(build_id, RECORDS)
        base_id, records_key = (row.base_id, records.object_key) if row and records else ("", "")
    if not records_key:
        context.log("A newer build has taken the place of this one; there is nothing to embed.")
        with context.publish({"build_id": build_id, "superseded": True}):
            return
    place = _here(context, records_key)
    made = _Embedding(context, settings=settings, base_id=base_id)
    with made:
        facts = embed_records(
            place,
            target=made.target,
            known=made.known(),
            embedder=made.open,
            commit=made.commit,
            progress=lambda done, total: context.progress(done, total, unit="texts"),
        )
    context.log(f"{facts.records} records: {facts.embedded} texts embedded, {facts.reused} known")
    write_graph(made.target, records=facts.records)
    context.start_publishing()
    objects = _store(context, base_id=base_id, folder=made.target)
    with context.publish({"build_id": build_id, "base_id": base_id}) as unit:
        Builds(context.runtime).publish_embedding(
            unit,
            build_id=build_id,
            facts=made.facts(facts),
            objects=objects,
            shard=VectorShardRow(
                vectors_key=objects[VECTORS].key,
                digests_key=objects[DIGESTS].key,
                base_id=base_id,
                model=made.model,
            ),
        )


@dataclass
class _Embedding:
    """What one try of the job holds: the model when it is needed, and what is kept of its work."""

    context: JobContext
    settings: KnowledgebaseSettings
    base_id: str
    embedder: Embedder | None = None
    batches: int = 0
    model: str = field(init=False)
    target: Path = field(init=False)

    def __post_init__(self) -> None:
        self.model = model_of(self.settings.embeddings)
        self.target = self.context.scratch / "embedded"
        self.target.mkdir()

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        if self.embedder is not None:
            self.embedder.close()

    def open(self) -> Embedder:
        """The model; what it runs in is installed first, where it is missing."""
        self.embedder = open_embedder(
            self.settings.embeddings,
            environments=self.settings.environments_folder,
            cache=self.settings.embedding_cache,
            log=self.context.log,
            progress=lambda done: self.context.progress(done, unit="bytes"),
        )
        self.context.log(f"embedding with {self.model}")
        return self.embedder

    def known(self) -> KnownVectors:
        """What the same model has made for the base, in whatever build or try."""
        with self.context.runtime.database.read() as view:
            shards = VectorRepository(view).shards(self.base_id, model=self.model)
            keys = [(shard.digests_key, shard.vectors_key) for shard in shards]
        known = KnownVectors()
        for digests, vectors in keys:
            known.add(self._load(digests), self._load(vectors))
        return known

    def _load(self, key: str) -> Any:
        place = self.context.runtime.store.local_path(key)
        if place is not None:
            return np.load(place, mmap_mode="r")
        place = self.context.scratch / f"known-{len(list(self.context.scratch.iterdir()))}.npy"
        self.context.runtime.store.get_file(key, place)
        return np.load(place, mmap_mode="r")

    def commit(self, digests: Digests, vectors: Vectors) -> None:
        """Put what was made, then name it under the fence.

        Raises:
            LeaseLostError: another worker has the job; the objects are swept.
        """
        job, self.batches = self.context.job, self.batches + 1
        keys = [
            knowledge_key(job.tenant, self.base_id, job.writer, f"{self.batches:05}-{name}")
            for name in (VECTORS, DIGESTS)
        ]
        arrays: tuple[Digests | Vectors, ...] = (vectors, digests)
        for key, array in zip(keys, arrays, strict=True):
            written = io.BytesIO()
            np.save(written, array)
            self.context.runtime.store.put(key, [written.getvalue()])
        crash_point("knowledgebase.embedded.object_put")
        with self.context.runtime.database.write() as unit:
            if JobRepository(unit).change(job.id, fence=job.fence) is None:
                raise LeaseLostError(f"Try {job.fence} of {job.id} is not the present one.")
            VectorRepository(unit).add(
                VectorShardRow(
                    vectors_key=keys[0],
                    digests_key=keys[1],
                    base_id=self.base_id,
                    model=self.model,
                )
            )
        crash_point("knowledgebase.embedded.committed")

    def facts(self, made: EmbeddedRecords) -> EmbeddingFacts:
        """What the build tells of its vectors."""
        return EmbeddingFacts(
            model=self.model,
            dimensions=made.dimensions,
            records=made.records,
            embedded_now=made.embedded,
            reused=made.reused,
        )


def _here(context: JobContext, key: str) -> Path:
    """The records as a file of this machine."""
    place = context.runtime.store.local_path(key)
    if place is None:
        place = context.scratch / RECORDS
        context.runtime.store.get_file(key, place)
    return place


def _store(context: JobContext, *, base_id: str, folder: Path) -> dict[str, StoredObject]:
    """Put every result into the object store; nobody sees it before it is named."""
    objects = {}
    for name in (VECTORS, DIGESTS, GRAPH):
        if (folder / name).exists():
            key = knowledge_key(context.job.tenant, base_id, context.job.writer, name)
            objects[name] = context.runtime.store.put_file(key, folder / name)
    crash_point("knowledgebase.embedding.object_put")
    return objects
