"""The fleet's members and the one table that says which path belongs to whom.

The gateway's dispatcher, the generated nginx configuration and the tests are all made from
`SERVICES`; a path is written down nowhere else.
"""

from dataclasses import dataclass
from enum import StrEnum


class ServiceName(StrEnum):
    """A member of the fleet; also the audience of its identity tokens."""

    GATEWAY = "gateway"
    INGEST = "svc-ingest"
    PARQUET = "svc-parquet"
    KNOWLEDGEBASE = "svc-knowledgebase"
    QUALITY = "svc-quality"
    TRAINING = "svc-training"


@dataclass(frozen=True)
class ServiceSpec:
    """One service: its import package, the letters in its job ids, the paths it answers."""

    name: ServiceName
    package: str
    job_owner: str
    prefixes: tuple[str, ...] = ()


SERVICES: dict[ServiceName, ServiceSpec] = {
    spec.name: spec
    for spec in (
        ServiceSpec(
            name=ServiceName.INGEST,
            package="svc_ingest",
            job_owner="in",
            prefixes=(
                "/v1/datasets",
                "/v1/versions",
                "/v1/files",
                "/v1/uploads",
                "/v1/flows",
                "/v1/statistics",
            ),
        ),
        ServiceSpec(
            name=ServiceName.PARQUET,
            package="svc_parquet",
            job_owner="pq",
            prefixes=("/v1/conversions", "/v1/savings", "/v1/tables", "/v1/task-datasets"),
        ),
        ServiceSpec(
            name=ServiceName.KNOWLEDGEBASE,
            package="svc_knowledgebase",
            job_owner="kb",
            prefixes=("/v1/knowledge-bases",),
        ),
        ServiceSpec(
            name=ServiceName.QUALITY,
            package="svc_quality",
            job_owner="qu",
            prefixes=("/v1/judgements", "/v1/suites"),
        ),
        ServiceSpec(
            name=ServiceName.TRAINING,
            package="svc_training",
            job_owner="tr",
            prefixes=("/v1/models", "/v1/pipelines", "/v1/training-jobs", "/v1/triggers"),
        ),
    )
}

JOBS_PREFIX = "/v1/jobs"
"""`/v1/jobs` itself is the catalog's list (ingest); `/v1/jobs/{id}` goes to the id's owner."""

JOB_OWNERS: dict[str, ServiceName] = {spec.job_owner: spec.name for spec in SERVICES.values()}
