"""The run-time parts of svc-knowledgebase, for its API, its supervisor and its children alike."""

from collections.abc import Iterable

from shared_lib.db.engine import ReadView
from shared_lib.jobs.orphans import OrphanSweep
from shared_lib.jobs.runtime import Runtime, build_runtime
from svc_knowledgebase.builds.repository import BuildRepository
from svc_knowledgebase.embedding.repository import VectorRepository
from svc_knowledgebase.requests import BUILD_KIND, EMBED_KIND, GRAPH_KIND, GROUP_KIND
from svc_knowledgebase.settings import KnowledgebaseSettings


def runtime(settings: KnowledgebaseSettings) -> Runtime:
    """Database, object store, job kinds and sweeps."""
    orphans = OrphanSweep("knowledge/", named=_named, every_s=settings.object_sweep_s)
    return build_runtime(
        settings,
        worker="svc_knowledgebase.worker:runtime",
        kinds=(BUILD_KIND, EMBED_KIND, GROUP_KIND, GRAPH_KIND),
        sweeps=(orphans,),
    )


def _named(view: ReadView, keys: Iterable[str]) -> set[str]:
    wanted = list(keys)
    return BuildRepository(view).named(wanted) | VectorRepository(view).named(wanted)


if __name__ == "__main__":
    from shared_lib.jobs.worker import run_worker

    run_worker(runtime(KnowledgebaseSettings()))
