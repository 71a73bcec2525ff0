"""Alembic's entry: this service has only the shared tables so far."""

from shared_lib.db.migration_env import run_env
from shared_lib.db.types import SharedBase

run_env([SharedBase.metadata])
