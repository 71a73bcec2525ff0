"""Alembic's entry: the tables of this service and the shared ones."""

import svc_training.models.models
import svc_training.reports.models
import svc_training.tables.models
import svc_training.training_jobs.models
import svc_training.triggers.models  # noqa: F401 - a model registers itself when imported
from shared_lib.db.migration_env import run_env
from shared_lib.db.types import SharedBase
from svc_training.base import Base

run_env([SharedBase.metadata, Base.metadata])
