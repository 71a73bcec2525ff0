"""A path belongs to exactly one service, by whole segments."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.dispatcher.routes import RouteTable
from shared_lib.contracts.services import SERVICES, ServiceName

TABLE = RouteTable()
PREFIXES = [(prefix, spec.name) for spec in SERVICES.values() for prefix in spec.prefixes]


@given(st.sampled_from(PREFIXES), st.sampled_from(["", "/", "/a", "/a/b", "//", "/a%20b"]))
def test_a_prefix_answers_whole_segments(entry: tuple[str, ServiceName], rest: str) -> None:
    prefix, service = entry

    assert TABLE.find((prefix + rest).encode()).service is service
    assert TABLE.find((prefix + "x" + rest).encode()).service is ServiceName.GATEWAY
    assert TABLE.find((prefix.upper() + rest).encode()).service is ServiceName.GATEWAY
    assert TABLE.find(("/v2" + prefix).encode()).service is ServiceName.GATEWAY


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/v1/jobs", ServiceName.INGEST),
        ("/v1/jobs/", ServiceName.INGEST),
        ("/v1/jobs/job_in_0", ServiceName.INGEST),
        ("/v1/jobs/job_pq_0", ServiceName.PARQUET),
        ("/v1/jobs/job_pq_0/events", ServiceName.PARQUET),
        ("/v1/jobs/job_kb_0", ServiceName.KNOWLEDGEBASE),
        ("/v1/jobs/job_qu_0", ServiceName.QUALITY),
        ("/v1/jobs/job_tr_0", ServiceName.TRAINING),
        ("/v1/jobs/job_zz_0", ServiceName.GATEWAY),
        ("/v1/jobs/nothing", ServiceName.GATEWAY),
        ("/v1/jobs2", ServiceName.GATEWAY),
        ("/", ServiceName.GATEWAY),
        ("/v1", ServiceName.GATEWAY),
        ("/v1/", ServiceName.GATEWAY),
        ("/v1/keys", ServiceName.GATEWAY),
        ("/healthz", ServiceName.GATEWAY),
    ],
)
def test_a_path_has_one_service(path: str, service: ServiceName) -> None:
    assert TABLE.find(path.encode()).service is service


def test_only_uploads_may_be_large() -> None:
    assert [route.prefix for route in TABLE.all() if route.uploads] == ["/v1/uploads"]
