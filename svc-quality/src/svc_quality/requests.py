"""The kinds of job of this service."""

from shared_lib.jobs.kinds import JobKind

JUDGE = "judge"
INFER = "infer_suite"

JUDGE_KIND = JobKind(
    name=JUDGE,
    run="svc_quality.judgements.jobs:run",
    queue="quality",
    preload=("svc_quality.judgements.jobs",),
)
INFER_KIND = JobKind(
    name=INFER,
    run="svc_quality.suites.jobs:run",
    queue="quality",
    preload=("svc_quality.judgements.jobs",),
)
