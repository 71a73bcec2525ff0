"""The kinds of jobs of this service."""

from shared_lib.jobs.kinds import JobKind

BUILD = "build"
EMBED = "embed"
GROUP = "group"
GRAPH = "graph"

BUILD_KIND = JobKind(
    name=BUILD,
    run="svc_knowledgebase.builds.jobs:run",
    queue="knowledgebase",
    # polars is imported when Parquet is written; to have it already saves a fifth of a small build.
    preload=("svc_knowledgebase.builds.jobs", "polars"),
)
EMBED_KIND = JobKind(
    name=EMBED,
    run="svc_knowledgebase.embedding.jobs:run",
    queue="knowledgebase",
)
GROUP_KIND = JobKind(
    name=GROUP,
    run="svc_knowledgebase.grouping.jobs:run",
    queue="knowledgebase",
)
GRAPH_KIND = JobKind(
    name=GRAPH,
    run="svc_knowledgebase.graph.jobs:run",
    queue="knowledgebase",
    preload=("svc_knowledgebase.graph.jobs",),
)
