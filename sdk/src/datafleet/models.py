"""What the client returns: the contracts, which in a notebook show themselves as tables."""

from datafleet import notebooks
from shared_lib.console.formats import format_shape
from shared_lib.contracts.base import Contract, UtcTime
from shared_lib.contracts.catalog import DatasetView, FlowView
from shared_lib.contracts.tables import TablePreview, TableProfileView, TableView


class Dataset(DatasetView):
    """A dataset and its newest version."""

    def __repr__(self) -> str:
        return f"<Dataset {self.name}: {self.versions} versions>"

    def _repr_html_(self) -> str:
        return notebooks.show_dataset(self)


class Flow(FlowView):
    """One journey of one dataset version."""

    def __repr__(self) -> str:
        return f"<Flow {self.id} of {self.dataset_name} v{self.version_number}: {self.state}>"

    def _repr_html_(self) -> str:
        return notebooks.show_flow(self)


class Table(TableView):
    """A table and its newest version."""

    def __repr__(self) -> str:
        latest = self.latest_version
        shape = format_shape(latest.rows, len(latest.columns)) if latest else "not published yet"
        return f"<Table {self.dataset_name}/{self.name}: {shape}>"

    def _repr_html_(self) -> str:
        return notebooks.show_table(self)


class Preview(TablePreview):
    """The first rows of a table."""

    def __repr__(self) -> str:
        return f"<Preview of {format_shape(self.total_rows, len(self.columns))}>"

    def _repr_html_(self) -> str:
        return notebooks.show_preview(self)


class Profile(TableProfileView):
    """The statistics of a table, and why each column has its type."""

    def __repr__(self) -> str:
        return f"<Profile of {format_shape(self.profile.rows, len(self.profile.columns))}>"

    def _repr_html_(self) -> str:
        return notebooks.show_profile(self)


class LogLine(Contract):
    """One line of a job's log."""

    id: int
    at: UtcTime
    level: str
    message: str
    facts: dict[str, object] = {}


class LogPage(Contract):
    """Lines of a job's log in order; `next` is given as `after` to read on."""

    items: list[LogLine]
    next: int | None = None
