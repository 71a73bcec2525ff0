"""deploy/nginx/nginx.conf, made of the gateway's route table.

nginx forwards what belongs to services and asks the gateway who sends it (`auth_request`); an
answer is remembered for five seconds, as long as the gateway itself remembers a key. Whatever is
refused, and all that is the gateway's own, goes to the gateway whole, which says why.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Template

from gateway.dispatcher.errors import ServiceAwayError
from gateway.dispatcher.limits import too_large
from gateway.dispatcher.routes import Route, RouteTable
from gateway.settings import LimitSettings
from shared_lib.contracts.errors import PROBLEM_MEDIA_TYPE, FleetError
from shared_lib.contracts.services import JOB_OWNERS, JOBS_PREFIX, SERVICES, ServiceName

TEMPLATE = Path(__file__).with_name("nginx.conf.template")
ADDRESSES: dict[ServiceName, str] = {
    ServiceName.GATEWAY: "gateway:8080",
    **{name: f"{name.value}:8000" for name in SERVICES},
}


def render(
    *,
    listen: str = "8080",
    folder: str = "/var/cache/nginx",
    door: str = "/etc/nginx/door.conf",
    addresses: Mapping[ServiceName, str] = ADDRESSES,
) -> str:
    """The whole configuration.

    Args:
        listen: where people come in.
        folder: of temporary files and of remembered decisions.
        door: the file that sets the secret.
        addresses: host and port of each member, separated by spaces where there are several.
    """
    limits = LimitSettings()
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        listen=listen,
        folder=folder,
        door=door,
        body_bytes=limits.body_bytes,
        body_idle_s=f"{limits.body_idle_s:g}",
        too_large=_problem(too_large(limits.body_bytes)),
        away=_problem(ServiceAwayError("It does not answer. Try again in a moment.")),
        problem_type=PROBLEM_MEDIA_TYPE,
        upstreams="\n".join(_upstream(name, addresses[name]) for name in addresses),
        services="\n".join(_services()),
        locations="\n".join(_locations(limits)),
    )


def _problem(error: FleetError) -> str:
    return error.problem().model_dump_json(exclude_none=True)


def _upstream(name: ServiceName, hosts: str) -> str:
    servers = " ".join(f"server {host};" for host in hosts.split())
    return f"    upstream {name} {{ least_conn; {servers} keepalive 64; }}"


def _services() -> Iterator[str]:
    for route in _forwarded():
        yield f'        "~^{route.prefix}(?:[/?]|$)" {route.service};'
    yield f'        "~^{JOBS_PREFIX}(?:[?]|$)" {ServiceName.INGEST};'
    for owner, name in JOB_OWNERS.items():
        yield f'        "~^{JOBS_PREFIX}/job_{owner}_" {name};'


def _locations(limits: LimitSettings) -> Iterator[str]:
    for route in _forwarded():
        more = f" client_max_body_size {limits.upload_bytes};" if route.uploads else ""
        yield _location(f"= {route.prefix}", route.service, more)
        yield _location(f"{route.prefix}/", route.service, more)
    yield _location(f"= {JOBS_PREFIX}", ServiceName.INGEST)
    for owner, name in JOB_OWNERS.items():
        yield _location(f"{JOBS_PREFIX}/job_{owner}_", name)


def _forwarded() -> Iterator[Route]:
    """What nginx sends to one service by its prefix: not the gateway's own, not the jobs of all."""
    for route in RouteTable().all():
        if route.service is not ServiceName.GATEWAY and route.prefix != JOBS_PREFIX:
            yield route


def _location(match: str, name: ServiceName, more: str = "") -> str:
    return f"        location {match} {{ proxy_pass http://{name};{more} }}"
