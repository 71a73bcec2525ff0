"""Alembic's entry."""

import svc_knowledgebase.bases.models
import svc_knowledgebase.builds.models
import svc_knowledgebase.sources.models  # noqa: F401 - its tables are in the metadata by this
from shared_lib.db.migration_env import run_env
from shared_lib.db.types import SharedBase
from svc_knowledgebase.base import Base

run_env([SharedBase.metadata, Base.metadata])
