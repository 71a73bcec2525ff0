"""All SQL on builds and on what documents gave."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sqlalchemy import delete, func, select

from shared_lib.contracts.jobs import JobState
from shared_lib.db import Repository
from shared_lib.db.engine import ReadView
from shared_lib.jobs.models import JobRow
from shared_lib.storage import StoredObject
from svc_knowledgebase.builds.models import (
    BuildObjectRow,
    BuildRow,
    ParsedDocumentRow,
    ShardRow,
)

MANY = 500
"""Values in one statement; SQLite takes some thousand."""

ENDED = (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED, JobState.DEAD)


class BuildRepository(Repository[BuildRow]):
    """Rows of builds and their objects."""

    model = BuildRow

    def get(self, build_id: str) -> BuildRow | None:
        """A build of any tenant, for its own job."""
        return self.session.get(BuildRow, build_id)

    def job_of(self, row: BuildRow) -> JobRow:
        """The job that builds."""
        return self.session.get_one(JobRow, row.job_id)

    def next_number(self, base_id: str) -> int:
        """The number of a base's next build; the base is held."""
        query = select(func.max(BuildRow.number)).where(BuildRow.base_id == base_id)
        return (self.session.scalar(query) or 0) + 1

    def others_at_work(self, row: BuildRow) -> bool:
        """Whether another build of the base has not ended."""
        query = (
            select(BuildRow.id)
            .join(JobRow, JobRow.id == BuildRow.job_id)
            .where(
                BuildRow.base_id == row.base_id, BuildRow.id != row.id, JobRow.state.not_in(ENDED)
            )
        )
        return self.session.scalar(query.limit(1)) is not None

    def add_objects(self, build_id: str, objects: Mapping[str, StoredObject]) -> None:
        """Name objects of a build; from the commit on they can be read."""
        self.session.add_all(
            BuildObjectRow(
                object_key=stored.key,
                build_id=build_id,
                name=name,
                bytes=stored.bytes,
                sha256=stored.sha256,
            )
            for name, stored in objects.items()
        )

    def objects(self, build_id: str) -> dict[str, BuildObjectRow]:
        """All objects of a build by name."""
        query = select(BuildObjectRow).where(BuildObjectRow.build_id == build_id)
        return {row.name: row for row in self.session.scalars(query)}

    def object_named(self, build_id: str, name: str) -> BuildObjectRow | None:
        """One of a build's objects."""
        return self.session.scalar(
            select(BuildObjectRow).where(
                BuildObjectRow.build_id == build_id, BuildObjectRow.name == name
            )
        )

    def object_before(self, row: BuildRow, name: str) -> BuildObjectRow | None:
        """The object of that name of the newest build of the base before this one."""
        query = (
            select(BuildObjectRow)
            .join(BuildRow, BuildRow.id == BuildObjectRow.build_id)
            .where(
                BuildRow.base_id == row.base_id,
                BuildRow.number < row.number,
                BuildObjectRow.name == name,
            )
        )
        return self.session.scalar(query.order_by(BuildRow.number.desc()).limit(1))

    def replace_objects(
        self, build_id: str, objects: Mapping[str, StoredObject], *, names: Iterable[str]
    ) -> None:
        """Name these objects of a build instead of those of the names; the sweep deletes them."""
        self.session.execute(
            delete(BuildObjectRow).where(
                BuildObjectRow.build_id == build_id, BuildObjectRow.name.in_(list(names))
            )
        )
        self.add_objects(build_id, objects)

    def forget_objects(self, base_id: str, *, keep: Iterable[str]) -> None:
        """Let go of the objects of all builds of a base but these; the sweep deletes them."""
        builds = select(BuildRow.id).where(
            BuildRow.base_id == base_id, BuildRow.id.not_in(list(keep))
        )
        self.session.execute(delete(BuildObjectRow).where(BuildObjectRow.build_id.in_(builds)))

    def open_jobs(self, base_id: str, *, tenant: str) -> list[str]:
        """The jobs at work for a base, whatever they make of it."""
        query = select(JobRow.id).where(
            JobRow.tenant == tenant, JobRow.subject_id == base_id, JobRow.state.not_in(ENDED)
        )
        return sorted(self.session.scalars(query))

    def size(self, base_id: str) -> tuple[int, int]:
        """How many builds a base has, and the bytes of all that is kept of it."""
        builds = select(BuildRow.id).where(BuildRow.base_id == base_id)
        stored = select(func.sum(BuildObjectRow.bytes)).where(BuildObjectRow.build_id.in_(builds))
        parsed = select(func.sum(ParsedDocumentRow.end - ParsedDocumentRow.start)).where(
            ParsedDocumentRow.base_id == base_id
        )
        count = self.session.scalar(select(func.count()).select_from(builds.subquery())) or 0
        return count, int(self.session.scalar(stored) or 0) + int(self.session.scalar(parsed) or 0)

    def delete_all(self, base_id: str) -> None:
        """Delete everything of a base but its own row; the sweep deletes the objects."""
        self.forget_objects(base_id, keep=())
        for row in (ParsedDocumentRow, ShardRow, BuildRow):
            self.session.execute(delete(row).where(row.base_id == base_id))

    def named(self, keys: Iterable[str]) -> set[str]:
        """Which of these object keys a build or a shard names."""
        wanted = list(keys)
        builds = select(BuildObjectRow.object_key).where(BuildObjectRow.object_key.in_(wanted))
        shards = select(ShardRow.object_key).where(ShardRow.object_key.in_(wanted))
        return {*self.session.scalars(builds), *self.session.scalars(shards)}


class ParsedRepository:
    """Rows of what the documents of one base gave."""

    def __init__(self, view: ReadView, *, base_id: str) -> None:
        self._session = view.session
        self._base_id = base_id

    def known(self, keys: Sequence[str]) -> set[str]:
        """Which of these are there."""
        found: set[str] = set()
        for some in _some(keys):
            query = select(ParsedDocumentRow.key).where(
                ParsedDocumentRow.base_id == self._base_id, ParsedDocumentRow.key.in_(some)
            )
            found.update(self._session.scalars(query))
        return found

    def place(self, key: str) -> ParsedDocumentRow | None:
        """Where one lies."""
        return self._session.get(ParsedDocumentRow, (self._base_id, key))

    def add(self, object_key: str, spans: dict[str, tuple[int, int]]) -> None:
        """Keep a shard and where in it each document lies; what is there already stays."""
        new = {key: span for key, span in spans.items() if key not in self.known(list(spans))}
        self._session.add(ShardRow(object_key=object_key, base_id=self._base_id))
        self._session.flush()
        self._session.add_all(
            ParsedDocumentRow(
                base_id=self._base_id, key=key, object_key=object_key, start=start, end=end
            )
            for key, (start, end) in new.items()
        )

    def keep_only(self, keys: set[str]) -> None:
        """Let go of everything else, and of shards in which nothing is left."""
        of_base = ParsedDocumentRow.base_id == self._base_id
        gone = set(self._session.scalars(select(ParsedDocumentRow.key).where(of_base))) - keys
        for some in _some(sorted(gone)):
            self._session.execute(
                delete(ParsedDocumentRow).where(of_base, ParsedDocumentRow.key.in_(some))
            )
        used = select(ParsedDocumentRow.object_key).where(of_base)
        self._session.execute(
            delete(ShardRow).where(
                ShardRow.base_id == self._base_id, ShardRow.object_key.not_in(used)
            )
        )


def _some(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), MANY):
        yield values[start : start + MANY]
