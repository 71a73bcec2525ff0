"""The graph of a base's current build: its files are made by a job when first asked for."""

import json
import sys
from dataclasses import dataclass
from datetime import timedelta

from shared_lib.answering.processes import Answerers, AnsweringProcesses
from shared_lib.contracts.base import utc_now
from shared_lib.contracts.graphs import (
    GRAPH_ENDINGS,
    GraphAnswer,
    GraphFormat,
    GraphOverview,
    GraphQuery,
    GraphView,
)
from shared_lib.contracts.jobs import JobState
from shared_lib.db.collisions import again_after_collision
from shared_lib.db.engine import ReadView, WriteUnit
from shared_lib.jobs import JobQueue, Runtime
from shared_lib.jobs.models import JobRow
from svc_knowledgebase.bases.models import KnowledgeBaseRow
from svc_knowledgebase.bases.service import Bases
from svc_knowledgebase.builds.models import BuildObjectRow
from svc_knowledgebase.builds.service import Builds
from svc_knowledgebase.graph.errors import GraphBeingMadeError, GraphFailedError
from svc_knowledgebase.graph.files import INPUTS, file_name
from svc_knowledgebase.graph.repository import GraphFileRepository
from svc_knowledgebase.graph.settings import GraphQuerySettings
from svc_knowledgebase.requests import GRAPH
from svc_knowledgebase.searching.opening import OpenBuilds

AGAIN_AFTER = timedelta(seconds=60)
"""What could not be made is told for so long before it is tried again."""


@dataclass(frozen=True)
class Wanted:
    """A file of a build's graph: `stored` when it is there, else the job that makes it."""

    build_id: str
    stored: BuildObjectRow | None = None
    job_id: str = ""


class Graphs:
    """The graphs of all tenants' bases; holds the processes that answer questions."""

    def __init__(
        self,
        runtime: Runtime,
        *,
        bases: Bases,
        builds: Builds,
        open_builds: OpenBuilds,
        settings: GraphQuerySettings,
    ) -> None:
        self._runtime = runtime
        self._bases = bases
        self._builds = builds
        self._open_builds = open_builds
        self._queue = JobQueue(runtime)
        self._settings = settings
        self._processes = AnsweringProcesses(_answerers(settings))

    def want(self, base: str, *, tenant: str, form: str) -> Wanted:
        """A file of the graph; a job is asked for when nobody has made it or is at it.

        Raises:
            BaseNotFoundError: no such base in this tenant.
            NotBuiltYetError: it has no build.
            GraphFailedError: the job that makes it has failed a moment ago.
        """
        with self._runtime.database.read() as view:
            row = self._bases.find(view, base, tenant=tenant)
            wanted, _ = self._look(view, row, form)
        if wanted.stored is not None or wanted.job_id:
            return wanted
        return again_after_collision(lambda: self._ask_for(row.id, form))

    def made(self, base: str, *, tenant: str, form: str) -> Wanted:
        """The file, made by now.

        Raises:
            GraphBeingMadeError: it is not; says which job is at it.
            GraphFailedError: it could not be made.
        """
        wanted = self.want(base, tenant=tenant, form=form)
        if wanted.stored is None:
            raise GraphBeingMadeError(
                f"The graph of {base} is being made by {wanted.job_id}. Ask again in a moment, or "
                f"follow it: fleet job watch {wanted.job_id}",
                headers={"Retry-After": "2"},
                job_id=wanted.job_id,
            )
        return wanted

    def ended(self, job_id: str) -> bool:
        """Whether nothing more will happen to a job."""
        with self._runtime.database.read() as view:
            job = view.session.get(JobRow, job_id)
            return job is None or JobState(job.state).ended

    def view(self, base: str, wanted: Wanted, *, tenant: str) -> GraphView:
        """The overview that was made."""
        assert wanted.stored is not None  # noqa: S101 - `made` gives no other
        content = b"".join(self._runtime.store.open(wanted.stored.object_key))
        overview = GraphOverview.model_validate_json(content)
        with self._runtime.database.read() as view:
            row = self._bases.find(view, base, tenant=tenant)
            number = self._builds.number_of(view, wanted.build_id)
            return GraphView(
                **dict(overview),
                base_id=row.id,
                base_name=row.name,
                build_id=wanted.build_id,
                build_number=number,
            )

    def answer(self, wanted: Wanted, query: GraphQuery) -> GraphAnswer:
        """What a query gives on a database that was made.

        Raises:
            QueryRefusedError, QueryFailedError, QueryTimeLimitError, QueryMemoryLimitError,
            ResultTooLargeError, QueriesBusyError: as they say.
        """
        assert wanted.stored is not None  # noqa: S101 - `made` gives no other
        header, pieces = self._processes.ask(
            {
                "graph": str(self._open_builds.here(wanted.stored).absolute()),
                "cypher": query.cypher,
                "limit": query.limit,
                "most_bytes": self._settings.max_bytes,
            }
        )
        rows = [json.loads(piece) for piece in pieces]
        return GraphAnswer(columns=header["columns"], rows=rows, truncated=header["truncated"])

    def close(self) -> None:
        """End the processes."""
        self._processes.close()

    def _ask_for(self, base_id: str, form: str) -> Wanted:
        with self._runtime.database.write() as unit:
            row = self._bases.lock(unit, base_id)
            wanted, name = self._look(unit, row, form)
            if wanted.stored is not None or wanted.job_id:
                return wanted
            return self._request(unit, row, wanted.build_id, form=form, name=name)

    def _request(
        self, unit: WriteUnit, row: KnowledgeBaseRow, build_id: str, *, form: str, name: str
    ) -> Wanted:
        job = self._queue.request(
            unit,
            kind=GRAPH,
            tenant=row.tenant,
            params={"build_id": build_id, "form": form},
            subject_id=row.id,
        )
        GraphFileRepository(unit, build_id=build_id).made_by(name, job_id=job.id)
        return Wanted(build_id=build_id, job_id=job.id)

    def _look(self, view: ReadView, row: KnowledgeBaseRow, form: str) -> tuple[Wanted, str]:
        """The file or the job that makes it, if there is one, and the file's name."""
        build_id, inputs = self._builds.current_objects(view, row, names=INPUTS)
        name = file_name(form, {each.name: each.sha256 for each in inputs.values()})
        stored = self._builds.object_named(view, build_id, name)
        if stored is not None:
            return Wanted(build_id=build_id, stored=stored), name
        job = GraphFileRepository(view, build_id=build_id).job_of(name)
        if job is not None and not JobState(job.state).ended:
            return Wanted(build_id=build_id, job_id=job.id), name
        if job is not None and job.error and job.state != JobState.CANCELLED:
            _refuse_failed(job)
        return Wanted(build_id=build_id), name


def export_name(base: str, form: GraphFormat) -> str:
    """How the file of a form is called where it is downloaded."""
    ending = GRAPH_ENDINGS[form]
    return f"{base}-{form}.{ending}" if ending == "zip" else f"{base}.{ending}"


def _refuse_failed(job: JobRow) -> None:
    if job.ended_at is not None and utc_now() - job.ended_at > AGAIN_AFTER:
        return
    detail = job.error["detail"] if job.error else "no reason was told"
    raise GraphFailedError(
        f"It could not be made: {detail} It is tried again when it is asked for in a minute.",
        job_id=job.id,
    )


def _answerers(settings: GraphQuerySettings) -> Answerers:
    child = [sys.executable, "-m", "svc_knowledgebase.graph.child"]
    return Answerers(
        command=[*child, str(settings.memory_limit_bytes), str(settings.threads)],
        most=settings.children,
        setting="FLEET_GRAPH_QUERIES__CHILDREN",
        time_limit_s=settings.time_limit_s,
        idle_s=settings.idle_s,
    )
