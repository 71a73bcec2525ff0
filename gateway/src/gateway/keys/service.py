"""Keys: making, listing, revoking."""

from collections.abc import Callable
from datetime import datetime

from gateway.audit.service import Actor, Audit
from gateway.keys.codec import make_key
from gateway.keys.errors import (
    ExpiryPassedError,
    KeyNotFoundError,
    LastOwnerKeyError,
    OtherTenantError,
    RoleTooHighError,
)
from gateway.keys.models import KeyRow
from gateway.keys.repository import KeyRepository
from gateway.secrets_store import Pepper
from gateway.tenants.service import Tenants
from shared_lib.contracts.access import KeyView
from shared_lib.contracts.base import utc_now
from shared_lib.contracts.identity import Caller
from shared_lib.contracts.scopes import ROLE_SCOPES, Role, Scope
from shared_lib.db.engine import ReadView, WriteUnit
from shared_lib.db.pages import KeysetPage


class Keys:
    """The keys of all tenants.

    Args:
        environment: the second part of new keys.
        forget: called with a key's id when it was revoked, so that caches let go of it.
    """

    def __init__(
        self,
        *,
        pepper: Pepper,
        audit: Audit,
        tenants: Tenants,
        environment: str,
        forget: Callable[[str], None],
    ) -> None:
        self._pepper = pepper
        self._audit = audit
        self._tenants = tenants
        self._environment = environment
        self._forget = forget

    def tenant_for(self, view: ReadView, caller: Caller, *, named: str | None) -> str:
        """Whose keys are meant: the caller's own tenant's, or an owner's choice.

        Raises:
            OtherTenantError: another tenant is named and the caller is no owner.
            TenantNotFoundError: an owner names one that does not exist.
        """
        if named is None or named == caller.tenant:
            return caller.tenant
        if Scope.TENANTS_WRITE not in caller.scopes:
            raise OtherTenantError(
                "Leave `tenant` out to act in your own tenant; another one needs an owner key.",
                field="tenant",
            )
        return self._tenants.read(view, named).id

    def create(
        self,
        unit: WriteUnit,
        *,
        tenant: str,
        name: str,
        role: Role,
        actor: Actor,
        grantor: frozenset[Scope] | None = None,
        expires_at: datetime | None = None,
    ) -> tuple[KeyRow, str]:
        """A new key and its secret, which is not kept.

        Args:
            grantor: what the maker may do itself; None for the installation's first key.

        Raises:
            RoleTooHighError: the role can do more than its maker.
            ExpiryPassedError: it would never be good.
        """
        if grantor is not None and not grantor >= ROLE_SCOPES[role]:
            raise RoleTooHighError(
                f"A key with the role {role.value} can do more than yours. Choose a lower role.",
                field="role",
            )
        now = utc_now()
        if expires_at is not None and expires_at <= now:
            raise ExpiryPassedError("`expires_at` must lie in the future.", field="expires_at")
        made = make_key(self._environment)
        row = KeyRepository(unit).add(
            KeyRow(
                id=made.id,
                tenant=tenant,
                name=name,
                role=role.value,
                digest=self._pepper.digest(made.text.encode()),
                created_at=now,
                created_by=actor.subject,
                expires_at=expires_at,
            )
        )
        self._audit.record(
            unit, "key.created", actor=actor, target=row.id, name=name, role=role.value
        )
        return row, made.text

    def read(self, view: ReadView, key_id: str, *, tenant: str) -> KeyRow:
        """One key.

        Raises:
            KeyNotFoundError: the tenant has no such key.
        """
        row = KeyRepository(view).find(key_id, tenant=tenant)
        if row is None:
            raise _not_found(key_id)
        return row

    def page(
        self, view: ReadView, *, tenant: str, limit: int, cursor: str | None
    ) -> KeysetPage[KeyRow]:
        """The tenant's keys, newest first, revoked ones too."""
        return KeyRepository(view).page(tenant=tenant, limit=limit, cursor=cursor)

    def revoke(
        self, unit: WriteUnit, key_id: str, *, tenant: str, actor: Actor, grantor: frozenset[Scope]
    ) -> KeyRow:
        """Revoke a key; doing it again changes nothing.

        Raises:
            KeyNotFoundError: the tenant has no such key.
            RoleTooHighError: the key can do more than the caller.
            LastOwnerKeyError: nobody could run the installation afterwards.
        """
        keys, now = KeyRepository(unit), utc_now()
        row = keys.lock(key_id, tenant=tenant)
        if row is None:
            raise _not_found(key_id)
        if not grantor >= ROLE_SCOPES[Role(row.role)]:
            raise RoleTooHighError(f"Key {key_id} can do more than yours; ask an owner.")
        if row.revoked_at is not None:
            return row
        if row.role == Role.OWNER.value and keys.lock_owners(now=now) < 2:
            raise LastOwnerKeyError(
                "This is the last owner key that is good. Make another one first."
            )
        row.revoked_at = now
        self._audit.record(unit, "key.revoked", actor=actor, target=row.id, name=row.name)
        unit.after_commit(lambda: self._forget(key_id))
        return row


def view_key(row: KeyRow) -> KeyView:
    """The key as the API answers it."""
    role = Role(row.role)
    return KeyView(
        id=row.id,
        name=row.name,
        tenant=row.tenant,
        role=role,
        scopes=sorted(ROLE_SCOPES[role]),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )


def _not_found(key_id: str) -> KeyNotFoundError:
    return KeyNotFoundError(f"Your tenant has no key {key_id}. GET /v1/keys lists them.")
