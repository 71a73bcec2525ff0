"""The app of svc-knowledgebase: folders become a searchable knowledge base."""

from fastapi import FastAPI

from shared_lib.contracts.events import DATASET_VERSION_LANDED
from shared_lib.embeddings.warm import QueryEmbedder
from shared_lib.web import create_service_app
from svc_knowledgebase.bases import endpoints as bases_endpoints
from svc_knowledgebase.bases.service import Bases
from svc_knowledgebase.builds.service import Builds
from svc_knowledgebase.graph import endpoints as graph_endpoints
from svc_knowledgebase.graph.service import Graphs
from svc_knowledgebase.grouping import endpoints as grouping_endpoints
from svc_knowledgebase.grouping.service import Groups
from svc_knowledgebase.searching import endpoints as searching_endpoints
from svc_knowledgebase.searching.documents import Documents
from svc_knowledgebase.searching.opening import OpenBuilds
from svc_knowledgebase.searching.service import Searches
from svc_knowledgebase.settings import KnowledgebaseSettings
from svc_knowledgebase.sources.folders import SharedFolders
from svc_knowledgebase.worker import runtime


def create_app(settings: KnowledgebaseSettings) -> FastAPI:
    """Documents in, records out."""
    parts = runtime(settings)
    builds = Builds(parts)
    bases = Bases(builds=builds, folders=SharedFolders(settings.folders), store=parts.store)
    open_builds = OpenBuilds(parts, bases=bases)
    questions = QueryEmbedder(
        settings.embeddings,
        environments=settings.environments_folder,
        cache=settings.embedding_cache,
    )
    graphs = Graphs(
        parts,
        bases=bases,
        builds=builds,
        open_builds=open_builds,
        settings=settings.graph_queries,
    )
    return create_service_app(
        parts,
        title="svc-knowledgebase",
        routers=[
            bases_endpoints.router,
            searching_endpoints.router,
            grouping_endpoints.router,
            graph_endpoints.router,
        ],
        handlers={DATASET_VERSION_LANDED.name: bases.on_landed},
        services={
            Builds: builds,
            Bases: bases,
            OpenBuilds: open_builds,
            Documents: Documents(open_builds),
            Groups: Groups(open_builds, bases=bases, builds=builds, questions=questions),
            Searches: Searches(open_builds, questions=questions),
            Graphs: graphs,
        },
        closers=[questions.close, graphs.close],
    )
