"""The kinds of jobs of this service."""

from shared_lib.jobs.kinds import JobKind

BUILD = "build"
GRAPH = "graph"

BUILD_KIND = JobKind(
    name=BUILD,
    run="svc_knowledgebase.builds.jobs:run",
    queue="knowledgebase",
    preload=("svc_knowledgebase.builds.jobs",),
)

GRAPH_KIND = JobKind(
    name=GRAPH,
    run="svc_knowledgebase.graph.jobs:run",
    queue="knowledgebase",
    preload=("svc_knowledgebase.graph.jobs",),
)
