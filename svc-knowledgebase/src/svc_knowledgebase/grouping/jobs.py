"""The job that groups an embedded build; it can be searched while this runs."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from shared_lib.embeddings.contract import Embedder
from shared_lib.embeddings.errors import EmbeddingsOffError
from shared_lib.embeddings.lazy import LazyEmbedder
from shared_lib.embeddings.opening import model_of, open_embedder
from shared_lib.faults import crash_point
from shared_lib.jobs import JobContext
from shared_lib.storage import StoredObject
from shared_lib.storage.keys import knowledge_key
from svc_knowledgebase.building.assembly import RECORDS
from svc_knowledgebase.builds.models import BuildObjectRow
from svc_knowledgebase.builds.repository import BuildRepository
from svc_knowledgebase.builds.service import Builds
from svc_knowledgebase.clusters.cluster import CLUSTERS
from svc_knowledgebase.embedding.nearest import VECTORS
from svc_knowledgebase.grouping.group import Grouped, group_records
from svc_knowledgebase.grouping.repository import GroupingRepository
from svc_knowledgebase.settings import KnowledgebaseSettings


def run(context: JobContext) -> None:
    """Group what the build's vectors say is alike, store and publish."""
    build_id = context.job.params["build_id"]
    with context.runtime.database.read() as view:
        builds = BuildRepository(view)
        row = builds.get(build_id)
        objects = builds.objects(build_id)
        before = builds.object_before(row, CLUSTERS) if row else None
        chosen = GroupingRepository(view)
        base_id = row.base_id if row else ""
        made_by = row.embedding["model"] if row and row.embedding else None
        options, taxonomy = chosen.clusters(base_id), chosen.taxonomy(base_id)
    if VECTORS not in objects:
        context.log("A newer build has taken the place of this one; there is nothing to group.")
        with context.publish({"build_id": build_id, "superseded": True}):
            return
    target = context.scratch / "grouped"
    target.mkdir()
    context.progress(0, unit="records")
    with closing(LazyEmbedder(lambda: open_model(context, made_by=made_by))) as meanings:
        grouped = group_records(
            target,
            _records(_here(context, objects[RECORDS])),
            np.load(_here(context, objects[VECTORS])),
            embed=meanings.embed,
            before=b"".join(context.runtime.store.open(before.object_key)) if before else None,
            options=options,
            taxonomy=taxonomy,
        )
    context.log(grouped.told())
    context.start_publishing()
    stored = _store(context, base_id=base_id, grouped=grouped)
    with context.publish({"build_id": build_id, "base_id": base_id}) as unit:
        Builds(context.runtime).publish_groups(
            unit, build_id=build_id, job_id=context.job.id, objects=stored
        )


def open_model(context: JobContext, *, made_by: str | None) -> Embedder:
    """The model that made the build's vectors, for the names of categories.

    Raises:
        EmbeddingsOffError: the fleet uses another one by now, whose vectors mean something else.
    """
    settings = context.runtime.settings
    assert isinstance(settings, KnowledgebaseSettings)  # noqa: S101 - whose job it is
    model = model_of(settings.embeddings)
    if model != made_by:
        raise EmbeddingsOffError(
            f"The build was embedded by {made_by}, the fleet now uses {model}. Build the base anew."
        )
    return open_embedder(
        settings.embeddings,
        environments=settings.environments_folder,
        cache=settings.embedding_cache,
        log=context.log,
    )


def _here(context: JobContext, row: BuildObjectRow) -> Path:
    """An object as a file of this machine."""
    place = context.runtime.store.local_path(row.object_key)
    if place is None:
        place = context.scratch / row.name
        context.runtime.store.get_file(row.object_key, place)
    return place


def _records(place: Path) -> Iterator[dict[str, Any]]:
    with place.open("rb") as lines:
        for line in lines:
            yield orjson.loads(line)


def _store(context: JobContext, *, base_id: str, grouped: Grouped) -> dict[str, StoredObject]:
    objects = {}
    for name, place in grouped.files.items():
        key = knowledge_key(context.job.tenant, base_id, context.job.writer, name)
        objects[name] = context.runtime.store.put_file(key, place)
    crash_point("knowledgebase.grouping.object_put")
    return objects
