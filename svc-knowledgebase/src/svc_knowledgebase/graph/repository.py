"""All SQL on what is made of graphs."""

from shared_lib.db.engine import ReadView
from shared_lib.jobs.models import JobRow
from svc_knowledgebase.graph.models import GraphFileRow


class GraphFileRepository:
    """Rows of the files that jobs make of one build's graph."""

    def __init__(self, view: ReadView, *, build_id: str) -> None:
        self._session = view.session
        self._build_id = build_id

    def job_of(self, name: str) -> JobRow | None:
        """The newest job that makes a file, or has made it."""
        row = self._session.get(GraphFileRow, (self._build_id, name))
        return self._session.get(JobRow, row.job_id) if row is not None else None

    def made_by(self, name: str, *, job_id: str) -> None:
        """From now on that job makes the file."""
        self._session.merge(GraphFileRow(build_id=self._build_id, name=name, job_id=job_id))
        self._session.flush()
