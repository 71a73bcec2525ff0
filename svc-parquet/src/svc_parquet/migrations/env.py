"""Alembic's entry: the tables of this service and the shared ones."""

import svc_parquet.conversions.models
import svc_parquet.savings.models
import svc_parquet.tables.models
import svc_parquet.task_datasets.models
import svc_parquet.versions.models  # noqa: F401 - a model registers itself when imported
from shared_lib.db.migration_env import run_env
from shared_lib.db.types import SharedBase
from svc_parquet.base import Base

run_env([SharedBase.metadata, Base.metadata])
