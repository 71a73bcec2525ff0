"""All SQL on triggers and decisions."""

from datetime import datetime

from sqlalchemy import or_, select, update

from shared_lib.db import Repository
from svc_training.triggers.models import DecisionRow, TriggerRow


class TriggerRepository(Repository[TriggerRow]):
    """Rows of triggers."""

    model = TriggerRow

    def bound_to(self, dataset: str, *, tenant: str, table: str) -> list[TriggerRow]:
        """Triggers that are asked about each version of a table, oldest first."""
        query = self.of_tenant(tenant).where(
            TriggerRow.dataset_name == dataset,
            TriggerRow.deleted_at.is_(None),
            TriggerRow.on_new_data,
            or_(TriggerRow.table_name.is_(None), TriggerRow.table_name == table),
        )
        return list(self.session.scalars(query.order_by(TriggerRow.id)))

    def due(self, now: datetime, *, limit: int) -> list[tuple[str, datetime]]:
        """Ids of triggers of all tenants whose time has come, and that time; oldest first."""
        query = select(TriggerRow.id, TriggerRow.due_at).where(
            TriggerRow.due_at <= now, TriggerRow.deleted_at.is_(None)
        )
        found = self.session.execute(query.order_by(TriggerRow.due_at).limit(limit))
        return [(row.id, row.due_at) for row in found if row.due_at is not None]

    def schedule_of(self, trigger_id: str) -> str | None:
        """The schedule of a trigger of any tenant, for the clock; None when it has none."""
        return self.session.scalar(select(TriggerRow.schedule).where(TriggerRow.id == trigger_id))

    def take_due(
        self, trigger_id: str, *, due_at: datetime, next_at: datetime | None
    ) -> TriggerRow | None:
        """Be the one who asks a trigger for that time; None when another was, or it is deleted."""
        taken = self.session.execute(
            update(TriggerRow)
            .where(
                TriggerRow.id == trigger_id,
                TriggerRow.due_at == due_at,
                TriggerRow.deleted_at.is_(None),
            )
            .values(due_at=next_at)
            .returning(TriggerRow.id)
        ).scalar_one_or_none()
        return None if taken is None else self.session.get_one(TriggerRow, taken)


class DecisionRepository(Repository[DecisionRow]):
    """Rows of decisions."""

    model = DecisionRow

    def get(self, decision_id: str) -> DecisionRow | None:
        """A decision of any tenant, for the job that reports it."""
        return self.session.get(DecisionRow, decision_id)

    def that_asked_for(self, training_job_id: str) -> DecisionRow | None:
        """The decision to train; None when a person asked."""
        query = select(DecisionRow).where(DecisionRow.training_job_id == training_job_id)
        return self.session.scalar(query)

    def has_trained(self, trigger_id: str | None, *, table_version_id: str) -> bool:
        """Whether the trigger, or without one the flow's plan, has had this version trained on."""
        query = select(DecisionRow.id).where(
            DecisionRow.trigger_id == trigger_id,
            DecisionRow.table_version_id == table_version_id,
            DecisionRow.train,
        )
        return self.session.scalar(query.limit(1)) is not None
