"""Alembic's entry: the tables of this service and the shared ones."""

import svc_ingest.datasets.models
import svc_ingest.files.models
import svc_ingest.flows.models
import svc_ingest.uploads.models
import svc_ingest.versions.models  # noqa: F401 - a model registers itself when imported
from shared_lib.db.migration_env import run_env
from shared_lib.db.types import SharedBase
from svc_ingest.base import Base

run_env([SharedBase.metadata, Base.metadata])
