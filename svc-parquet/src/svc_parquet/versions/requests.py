"""The kinds of job that make versions grow."""

from shared_lib.jobs.kinds import JobKind

APPEND = "append"
COMPACT = "compact"

KINDS = tuple(
    JobKind(
        name=name,
        run="svc_parquet.versions.jobs:run",
        queue="parquet",
        preload=("svc_parquet.versions.jobs",),
    )
    for name in (APPEND, COMPACT)
)
