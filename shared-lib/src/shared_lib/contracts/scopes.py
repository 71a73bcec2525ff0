"""What a caller may do. A route declares one scope; a key carries a role or a list of scopes."""

from enum import StrEnum


class Scope(StrEnum):
    """A right. Every route of every service names exactly one."""

    DATASETS_READ = "datasets:read"
    DATASETS_WRITE = "datasets:write"
    FLOWS_READ = "flows:read"
    JOBS_READ = "jobs:read"
    JOBS_WRITE = "jobs:write"
    KEYS_READ = "keys:read"
    KEYS_WRITE = "keys:write"
    KNOWLEDGE_READ = "knowledge:read"
    KNOWLEDGE_WRITE = "knowledge:write"
    LOG_READ = "log:read"
    QUALITY_OVERRIDE = "quality:override"
    QUALITY_READ = "quality:read"
    QUALITY_WRITE = "quality:write"
    TABLES_READ = "tables:read"
    TABLES_WRITE = "tables:write"
    TENANTS_READ = "tenants:read"
    TENANTS_WRITE = "tenants:write"
    TRAINING_READ = "training:read"
    TRAINING_WRITE = "training:write"


class Role(StrEnum):
    """A named set of scopes within one tenant; the owner also runs the installation."""

    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"
    OWNER = "owner"


_VIEWER = frozenset(
    {
        Scope.DATASETS_READ,
        Scope.FLOWS_READ,
        Scope.JOBS_READ,
        Scope.KNOWLEDGE_READ,
        Scope.QUALITY_READ,
        Scope.TABLES_READ,
        Scope.TRAINING_READ,
    }
)
_EDITOR = _VIEWER | {
    Scope.DATASETS_WRITE,
    Scope.JOBS_WRITE,
    Scope.KNOWLEDGE_WRITE,
    Scope.QUALITY_WRITE,
    Scope.TABLES_WRITE,
    Scope.TRAINING_WRITE,
}
_ADMIN = _EDITOR | {
    Scope.KEYS_READ,
    Scope.KEYS_WRITE,
    Scope.LOG_READ,
    Scope.QUALITY_OVERRIDE,
}

ROLE_SCOPES: dict[Role, frozenset[Scope]] = {
    Role.VIEWER: _VIEWER,
    Role.EDITOR: _EDITOR,
    Role.ADMIN: _ADMIN,
    Role.OWNER: _ADMIN | {Scope.TENANTS_READ, Scope.TENANTS_WRITE},
}
