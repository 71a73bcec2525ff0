"""`uvicorn --factory gateway.main:app_factory`; `python -m gateway` adds the guarded protocol."""

from gateway.app import Gateway, create_gateway
from gateway.dispatcher.aiohttp_upstream import AiohttpUpstream
from gateway.dispatcher.http_upstream import HttpUpstream
from gateway.dispatcher.replicas import Connect, ReplicatedUpstream
from gateway.dispatcher.upstream import Upstream
from gateway.settings import GatewaySettings
from shared_lib.contracts.services import ServiceName
from shared_lib.db.engine import Database
from shared_lib.identity import open_signer


def remote_upstreams(settings: GatewaySettings) -> dict[ServiceName, Upstream]:
    """The services that `FLEET_SERVICE_URLS` names, over HTTP, each of any number of replicas."""
    return {
        name: ReplicatedUpstream(
            settings.addresses(name), name=name.value, connect=_connecting(name, settings=settings)
        )
        for name in settings.service_urls
        if name is not ServiceName.GATEWAY
    }


def _connecting(name: ServiceName, *, settings: GatewaySettings) -> Connect:
    client = HttpUpstream if settings.upstream.client == "own" else AiohttpUpstream
    return lambda address: client(address, name=name.value, settings=settings.upstream)


def app_factory() -> Gateway:
    """The gateway with settings from the environment."""
    settings = GatewaySettings()
    return create_gateway(
        settings,
        upstreams=remote_upstreams(settings),
        database=Database(settings.database.url, pool_size=settings.database.pool_size),
        signer=open_signer(
            settings.secrets_folder,
            issuer=ServiceName.GATEWAY,
            create=settings.mode == "embedded",
        ),
    )
