"""Alembic's entry: the tables of this service and the shared ones."""

import svc_quality.judgements.models
import svc_quality.suites.models
import svc_quality.tables.models  # noqa: F401 - a model registers itself when imported
from shared_lib.db.migration_env import run_env
from shared_lib.db.types import SharedBase
from svc_quality.base import Base

run_env([SharedBase.metadata, Base.metadata])
