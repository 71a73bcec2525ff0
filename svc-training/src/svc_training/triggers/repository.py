"""All SQL on triggers and decisions."""

from sqlalchemy import or_, select

from shared_lib.db import Repository
from svc_training.triggers.models import DecisionRow, TriggerRow


class TriggerRepository(Repository[TriggerRow]):
    """Rows of triggers."""

    model = TriggerRow

    def bound_to(self, dataset: str, *, tenant: str, table: str) -> list[TriggerRow]:
        """Triggers that are asked about a table of a dataset, oldest first."""
        query = self.of_tenant(tenant).where(
            TriggerRow.dataset_name == dataset,
            TriggerRow.deleted_at.is_(None),
            or_(TriggerRow.table_name.is_(None), TriggerRow.table_name == table),
        )
        return list(self.session.scalars(query.order_by(TriggerRow.id)))


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
