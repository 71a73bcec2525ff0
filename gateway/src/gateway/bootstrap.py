"""The first start: a tenant and an owner's key, so that somebody can let the others in.

`python -m gateway.bootstrap` does that alone: the one-shot before the gateway's processes start.
"""

import sys

from gateway.audit.service import Actor, Audit
from gateway.keys.repository import KeyRepository
from gateway.keys.service import Keys
from gateway.secrets_store import open_pepper
from gateway.settings import GatewaySettings
from gateway.tenants.repository import TenantRepository
from gateway.tenants.service import Tenants
from shared_lib.contracts.errors import FleetError
from shared_lib.contracts.scopes import Role
from shared_lib.db.engine import Database
from shared_lib.db.migrations import migrate

DEFAULT_TENANT = "default"
FIRST_KEY = "first owner"


def bootstrap(settings: GatewaySettings, *, database: Database) -> str | None:
    """Migrate the gateway's database and make the first key.

    Returns:
        The secret of the owner's key when this call made it, to be shown once; None at every
        later start. Of several processes that start at once exactly one gets it.
    """
    migrate("gateway", database)
    with database.read() as view:
        if KeyRepository(view).count():
            return None
    audit = Audit()
    tenants = Tenants(audit)
    keys = Keys(
        pepper=open_pepper(settings),
        audit=audit,
        tenants=tenants,
        environment=settings.key_environment,
        forget=lambda _key_id: None,
    )
    with database.write() as unit:
        KeyRepository(unit).lock_table()
        if KeyRepository(unit).count():
            return None
        tenant = TenantRepository(unit).find(DEFAULT_TENANT)
        tenant = tenant or tenants.create(unit, name=DEFAULT_TENANT, actor=None)
        actor = Actor(subject="bootstrap", tenant=tenant.id)
        _, secret = keys.create(
            unit, tenant=tenant.id, name=FIRST_KEY, role=Role.OWNER, actor=actor
        )
    return secret


def main() -> None:
    """Bootstrap, and say the key when it was made just now."""
    settings = GatewaySettings()
    database = Database(settings.database.url, pool_size=1)
    try:
        secret = bootstrap(settings, database=database)
    except FleetError as error:
        sys.exit(f"gateway: {error.detail}")
    finally:
        database.dispose()
    if secret is not None:
        # The only time the key can be read; it belongs on the terminal, not in a log file.
        sys.stdout.write(f"Owner key (shown this once): {secret}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
