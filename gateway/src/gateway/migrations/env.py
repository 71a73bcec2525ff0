"""Alembic's entry: the tables of the gateway and the shared ones."""

import gateway.audit.models
import gateway.keys.models
import gateway.request_log.models
import gateway.sessions.models
import gateway.tenants.models  # noqa: F401 - a model registers itself when imported
from gateway.base import Base
from shared_lib.db.migration_env import run_env
from shared_lib.db.types import SharedBase

run_env([SharedBase.metadata, Base.metadata])
