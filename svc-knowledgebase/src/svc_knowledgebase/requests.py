"""The kind of job of this service."""

from shared_lib.jobs.kinds import JobKind

BUILD = "build"

BUILD_KIND = JobKind(
    name=BUILD,
    run="svc_knowledgebase.builds.jobs:run",
    queue="knowledgebase",
    # polars is imported when Parquet is written; to have it already saves a fifth of a small build.
    preload=("svc_knowledgebase.builds.jobs", "polars"),
)
