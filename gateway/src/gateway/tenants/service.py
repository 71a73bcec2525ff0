"""Tenants: making and finding them."""

from sqlalchemy.exc import IntegrityError

from gateway.audit.service import Actor, Audit
from gateway.tenants.errors import TenantExistsError, TenantNotFoundError
from gateway.tenants.models import TenantRow
from gateway.tenants.repository import TenantRepository
from shared_lib.contracts.access import TenantView
from shared_lib.contracts.base import utc_now
from shared_lib.contracts.ids import IdKind, new_id
from shared_lib.db.engine import ReadView, WriteUnit


class Tenants:
    """All tenants of the installation."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit

    def create(self, unit: WriteUnit, *, name: str, actor: Actor | None) -> TenantRow:
        """A new tenant.

        Args:
            actor: who makes it; None for the installation's first, which makes itself.

        Raises:
            TenantExistsError: the name is taken.
        """
        row = TenantRow(id=new_id(IdKind.TENANT), name=name, created_at=utc_now())
        try:
            with unit.session.begin_nested():
                TenantRepository(unit).add(row)
        except IntegrityError as error:
            raise TenantExistsError(
                f"There is a tenant {name} already. Take another name.", field="name"
            ) from error
        actor = actor or Actor(subject="bootstrap", tenant=row.id)
        self._audit.record(unit, "tenant.created", actor=actor, target=row.id, name=name)
        return row

    def read(self, view: ReadView, name_or_id: str) -> TenantRow:
        """The tenant with that name or id.

        Raises:
            TenantNotFoundError: there is none.
        """
        row = TenantRepository(view).find(name_or_id)
        if row is None:
            raise TenantNotFoundError(f"There is no tenant {name_or_id}.")
        return row


def view_tenant(row: TenantRow) -> TenantView:
    """The tenant as the API answers it."""
    return TenantView(id=row.id, name=row.name, created_at=row.created_at)
