"""The kind of job of this service."""

from shared_lib.jobs.kinds import JobKind

BUILD = "build"

BUILD_KIND = JobKind(
    name=BUILD,
    run="svc_knowledgebase.builds.jobs:run",
    queue="knowledgebase",
    preload=("svc_knowledgebase.builds.jobs",),
)
