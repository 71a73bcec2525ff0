"""Alembic's entry."""

from sample_service.models import SampleBase
from shared_lib.db.migration_env import run_env
from shared_lib.db.types import SharedBase

run_env([SharedBase.metadata, SampleBase.metadata])
