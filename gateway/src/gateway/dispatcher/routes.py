"""Which service answers a path: the compiled form of `shared_lib.contracts.services.SERVICES`.

A prefix matches whole segments of the raw path (`/v1/files` answers `/v1/files/x`, not
`/v1/files2`), byte for byte: an encoded spelling of a prefix belongs to nobody.
"""

from dataclasses import dataclass

from shared_lib.contracts.ids import job_owner
from shared_lib.contracts.services import JOB_OWNERS, JOBS_PREFIX, SERVICES, ServiceName

UPLOADS_PREFIX = "/v1/uploads"


@dataclass(frozen=True)
class Route:
    """Where a request goes.

    Attributes:
        service: who answers; the gateway itself for everything that is nobody else's.
        prefix: the entry of the table, which also names the route in limits and metrics.
        uploads: whether its bodies may be as large as files are.
    """

    service: ServiceName
    prefix: str
    uploads: bool = False


GATEWAY_ROUTE = Route(service=ServiceName.GATEWAY, prefix="/")


class RouteTable:
    """All routes behind a lookup of the path's first two segments."""

    def __init__(self) -> None:
        self._exact: dict[bytes, Route] = {}
        for spec in SERVICES.values():
            for prefix in spec.prefixes:
                if prefix.count("/") != 2 or not prefix.isascii():
                    raise ValueError(f"{prefix}: a prefix has two segments, such as /v1/files")
                self._exact[prefix.encode()] = Route(
                    service=spec.name, prefix=prefix, uploads=prefix == UPLOADS_PREFIX
                )
        self._jobs_prefix = JOBS_PREFIX.encode()
        self._all_jobs = Route(service=ServiceName.INGEST, prefix=JOBS_PREFIX)
        self._jobs = {
            owner: Route(service=service, prefix=JOBS_PREFIX)
            for owner, service in JOB_OWNERS.items()
        }

    def find(self, raw_path: bytes) -> Route:
        """The route of a path that the guard has let through."""
        second = raw_path.find(b"/", 1)
        third = raw_path.find(b"/", second + 1) if second > 0 else -1
        prefix = raw_path if third < 0 else raw_path[:third]
        route = self._exact.get(prefix)
        if route is not None:
            return route
        if prefix == self._jobs_prefix:
            return self._find_job(raw_path[third + 1 :] if third > 0 else b"")
        return GATEWAY_ROUTE

    def _find_job(self, rest: bytes) -> Route:
        job_id = rest.partition(b"/")[0]
        if not job_id:
            return self._all_jobs
        owner = job_owner(job_id.decode("latin-1"))
        # An id of nobody's falls to the gateway, which answers 404 as for any unknown address.
        return self._jobs.get(owner or "", GATEWAY_ROUTE)

    def all(self) -> list[Route]:
        """Every route of the table, for generated configurations and tests."""
        return [*self._exact.values(), self._all_jobs, *self._jobs.values(), GATEWAY_ROUTE]
