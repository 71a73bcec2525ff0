"""What can be wrong with a tenant."""

from shared_lib.contracts.errors import ConflictError, NotFoundError


class TenantNotFoundError(NotFoundError):
    """There is no tenant with that name or id."""

    code = "tenant_not_found"
    title = "No such tenant"


class TenantExistsError(ConflictError):
    """The name is taken."""

    code = "tenant_exists"
    title = "The tenant exists"
