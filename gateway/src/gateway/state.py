"""What the gateway's FastAPI app carries along, as `app.state.gateway`."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.audit.service import Audit
from gateway.authentication import Authenticator
from gateway.backend import Backend
from gateway.dispatcher.metrics import GatewayMetrics
from gateway.dispatcher.upstream import Upstream
from gateway.keys.last_use import LastUse
from gateway.keys.service import Keys
from gateway.openapi.service import ApiDocument
from gateway.request_log.json_lines import RotatingLines
from gateway.request_log.writer import RequestLog
from gateway.secrets_store import open_pepper
from gateway.sessions.service import Sessions
from gateway.settings import GatewaySettings
from gateway.tenants.service import Tenants
from shared_lib.contracts.services import ServiceName
from shared_lib.db.engine import Database
from shared_lib.identity import TokenSigner
from shared_lib.web.draining import Draining


@dataclass(frozen=True)
class GatewayState:
    """The gateway's parts, made once by `build_state`."""

    settings: GatewaySettings
    database: Database
    upstreams: Mapping[ServiceName, Upstream]
    authenticator: Authenticator
    backend: Backend
    audit: Audit
    tenants: Tenants
    keys: Keys
    last_use: LastUse
    sessions: Sessions
    request_log: RequestLog
    metrics: GatewayMetrics
    document: ApiDocument
    draining: Draining


def build_state(
    settings: GatewaySettings,
    *,
    upstreams: Mapping[ServiceName, Upstream],
    database: Database,
    signer: TokenSigner,
) -> GatewayState:
    """Make the parts and tie them together; nothing is opened or started yet."""
    pepper, audit, metrics = open_pepper(settings), Audit(), GatewayMetrics()
    last_use = LastUse(database)
    authenticator = Authenticator(database, pepper=pepper, used=last_use.note)
    tenants = Tenants(audit)
    request_log = _request_log(settings, database=database, last_use=last_use)
    metrics.gauge(
        "fleet_gateway_log_dropped",
        text="Requests that the log had no room for",
        value=lambda: request_log.dropped,
    )
    return GatewayState(
        settings=settings,
        database=database,
        upstreams=upstreams,
        authenticator=authenticator,
        backend=Backend(upstreams, signer=signer),
        audit=audit,
        tenants=tenants,
        keys=Keys(
            pepper=pepper,
            audit=audit,
            tenants=tenants,
            environment=settings.key_environment,
            forget=authenticator.forget,
        ),
        last_use=last_use,
        sessions=Sessions(database, pepper=pepper, audit=audit, forget=authenticator.forget),
        request_log=request_log,
        metrics=metrics,
        document=ApiDocument(upstreams),
        draining=Draining(drain_s=settings.drain_s),
    )


def _request_log(settings: GatewaySettings, *, database: Database, last_use: LastUse) -> RequestLog:
    lines = RotatingLines(
        settings.data.absolute() / "logs" / "requests.jsonl",
        file_bytes=settings.request_log.file_bytes,
        files=settings.request_log.files,
    )
    return RequestLog(
        database, settings=settings.request_log, lines=lines, chores=(last_use.write,)
    )
