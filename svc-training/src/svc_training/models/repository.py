"""All SQL on models."""

from sqlalchemy import select

from shared_lib.db import Repository
from shared_lib.db.pages import KeysetPage, read_page
from svc_training.models.models import AliasMoveRow, ModelRow, ModelVersionRow


class ModelRepository(Repository[ModelRow]):
    """Rows of models, their versions and the moves of their aliases."""

    model = ModelRow

    def named(self, name: str, *, tenant: str, lock: bool = False) -> ModelRow | None:
        """The model of that name; held: who is champion is changed by one at a time."""
        query = self.of_tenant(tenant).where(ModelRow.name == name)
        found: ModelRow | None = self.session.scalar(query.with_for_update() if lock else query)
        return found

    def learned_by(
        self, pipeline: str, *, tenant: str, table_id: str, lock: bool = False
    ) -> ModelRow | None:
        """The model that a pipeline learns from a table."""
        query = self.of_tenant(tenant).where(
            ModelRow.pipeline == pipeline, ModelRow.table_id == table_id
        )
        found: ModelRow | None = self.session.scalar(query.with_for_update() if lock else query)
        return found

    def add_version(self, row: ModelVersionRow) -> None:
        """Keep a version."""
        self.session.add(row)
        self.session.flush()

    def version(self, model_id: str, number: int) -> ModelVersionRow | None:
        """A version by its number."""
        return self.session.get(ModelVersionRow, (model_id, number))

    def trained_by(self, training_job_id: str) -> ModelVersionRow | None:
        """The version that a training job made."""
        query = select(ModelVersionRow).where(ModelVersionRow.training_job_id == training_job_id)
        return self.session.scalar(query)

    def versions(
        self, model_id: str, *, limit: int, cursor: str | None
    ) -> KeysetPage[ModelVersionRow]:
        """Its versions, newest first."""
        query = select(ModelVersionRow).where(ModelVersionRow.model_id == model_id)
        key = ModelVersionRow.number
        return read_page(self.session, query=query, key=key, limit=limit, cursor=cursor)

    def add_move(self, row: AliasMoveRow) -> None:
        """Keep why an alias moved."""
        self.session.add(row)
        self.session.flush()

    def page_of_moves(
        self, model_id: str, *, limit: int, cursor: str | None
    ) -> KeysetPage[AliasMoveRow]:
        """How the aliases moved, newest first, page by page."""
        query = select(AliasMoveRow).where(AliasMoveRow.model_id == model_id)
        key = AliasMoveRow.id
        return read_page(self.session, query=query, key=key, limit=limit, cursor=cursor)

    def moves(self, model_id: str) -> list[AliasMoveRow]:
        """How the aliases moved, newest first."""
        query = select(AliasMoveRow).where(AliasMoveRow.model_id == model_id)
        return list(self.session.scalars(query.order_by(AliasMoveRow.id.desc())))
