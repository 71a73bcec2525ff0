"""Builds: asked for by people or by a landing, made by a job, published in one transaction."""

import contextlib
from collections.abc import Mapping, Sequence

from shared_lib.contracts.base import utc_now
from shared_lib.contracts.errors import InvalidInputError
from shared_lib.contracts.events import (
    BUILDS_REQUESTED,
    KNOWLEDGE_BASE_BUILT,
    BuildsRequested,
    KnowledgeBaseBuilt,
    RequestedBuild,
)
from shared_lib.contracts.ids import IdKind, new_id
from shared_lib.contracts.knowledge import (
    BuildChanges,
    BuildCounts,
    BuildCreate,
    BuildView,
    EmbeddingFacts,
    FolderSource,
)
from shared_lib.db.engine import ReadView, WriteUnit
from shared_lib.db.pages import KeysetPage
from shared_lib.events import emit
from shared_lib.jobs import JobQueue, Runtime
from shared_lib.jobs.errors import JobAlreadyEndedError
from shared_lib.storage import StoredObject
from svc_knowledgebase.bases.errors import BuildNotFoundError, NotBuiltYetError, NothingLandedError
from svc_knowledgebase.bases.models import KnowledgeBaseRow
from svc_knowledgebase.bases.repository import KnowledgeBaseRepository
from svc_knowledgebase.building.assembly import RECORDS
from svc_knowledgebase.building.selection import Selector
from svc_knowledgebase.builds.models import BuildObjectRow, BuildRow
from svc_knowledgebase.builds.repository import BuildRepository, ParsedRepository
from svc_knowledgebase.builds.views import view_build
from svc_knowledgebase.embedding.models import VectorShardRow
from svc_knowledgebase.embedding.repository import VectorRepository
from svc_knowledgebase.requests import BUILD, EMBED, GROUP
from svc_knowledgebase.settings import KnowledgebaseSettings
from svc_knowledgebase.sources.folders import SharedFolders
from svc_knowledgebase.sources.models import LandedVersionRow
from svc_knowledgebase.sources.repository import LandedVersionRepository

GROUP_OBJECTS = ("clusters.json", "categories.json", "labels.sqlite")
TOLD_PATHS = 200
"""Paths of each kind of change that a build keeps; the counts are in the event."""


class Builds:
    """The builds of all bases."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._queue = JobQueue(runtime)
        settings = runtime.settings
        assert isinstance(settings, KnowledgebaseSettings)  # noqa: S101 - its own service's
        self._folders = SharedFolders(settings.folders)

    def request(self, unit: WriteUnit, *, base: KnowledgeBaseRow, body: BuildCreate) -> BuildView:
        """Build a base now.

        Raises:
            NothingLandedError: there is no such version, or none at all.
            FolderNotAllowedError: its folder may not be read any more.
            BadPatternError: a pattern of the selection cannot be understood.
        """
        version = self._reading(unit, base=base, body=body)
        if body.selection is not None:
            Selector(body.selection)
            base.selection = body.selection.model_dump(mode="json")
        if body.options is not None:
            base.options = body.options.model_dump(mode="json")
        row = self.add(unit, base=base, version=version)
        if base.folder is None:
            self.tell_requested(unit, version=version, builds=[row])
        return view_build(unit, row.id)

    def _reading(
        self, unit: WriteUnit, *, base: KnowledgeBaseRow, body: BuildCreate
    ) -> LandedVersionRow:
        """The version that is read; a folder has none, so each of its readings is noted as one."""
        versions = LandedVersionRepository(unit)
        newest = versions.newest(base.dataset, tenant=base.tenant)
        if base.folder is None:
            version = versions.find(body.version, tenant=base.tenant) if body.version else newest
            if version is None or version.dataset_name != base.dataset:
                raise NothingLandedError(
                    f"{body.version or 'Nothing'} of the dataset {base.dataset} has landed. "
                    f"Send documents: fleet push FOLDER --dataset {base.dataset} --documents",
                    field="version",
                )
            return version
        self._folders.place(FolderSource.model_validate(base.folder), tenant=base.tenant)
        if body.version is not None:
            raise InvalidInputError(
                f"{base.name} reads a folder as it is, which has no versions. Leave it out.",
                field="version",
            )
        return versions.add(
            LandedVersionRow(
                id=new_id(IdKind.DATASET_VERSION),
                tenant=base.tenant,
                dataset_id=base.id,
                dataset_name=base.dataset,
                number=newest.number + 1 if newest else 1,
                purpose="folder",
                created_at=utc_now(),
            )
        )

    def add(
        self, unit: WriteUnit, *, base: KnowledgeBaseRow, version: LandedVersionRow
    ) -> BuildRow:
        """Write a build and its job."""
        KnowledgeBaseRepository(unit).lock(base.id)
        build_id = new_id(IdKind.KNOWLEDGE_BUILD)
        job = self._queue.request(
            unit,
            kind=BUILD,
            tenant=base.tenant,
            params={"build_id": build_id},
            subject_id=base.id,
            flow_id=version.flow_id,
        )
        return BuildRepository(unit).add(
            BuildRow(
                id=build_id,
                tenant=base.tenant,
                base_id=base.id,
                number=BuildRepository(unit).next_number(base.id),
                version_id=version.id,
                job_id=job.id,
                selection=base.selection,
                options=base.options,
                created_at=utc_now(),
            )
        )

    def tell_requested(
        self, unit: WriteUnit, *, version: LandedVersionRow, builds: Sequence[BuildRow]
    ) -> None:
        """`builds.requested`: what the flow of a version waits for."""
        bases = KnowledgeBaseRepository(unit)
        emit(
            unit,
            spec=BUILDS_REQUESTED,
            payload=BuildsRequested(
                version_id=version.id,
                builds=[
                    RequestedBuild(
                        build_id=row.id,
                        base_id=row.base_id,
                        base_name=bases.get(row.base_id).name,
                        job_id=row.job_id,
                    )
                    for row in builds
                ],
            ),
            producer=self._runtime.name,
            tenant=version.tenant,
            flow_id=version.flow_id,
            doorbell=self._runtime.doorbell,
        )

    def publish(
        self,
        unit: WriteUnit,
        *,
        build_id: str,
        counts: BuildCounts,
        changes: BuildChanges,
        objects: Mapping[str, StoredObject],
        keys: set[str],
    ) -> None:
        """Make a build the base's content; runs in the transaction that ends the job.

        Args:
            counts: of its manifest.
            changes: since the build before.
            objects: its objects by name.
            keys: of everything that its documents gave.
        """
        builds = BuildRepository(unit)
        row = builds.get(build_id)
        if row is None:
            raise BuildNotFoundError(f"There is no build {build_id}.")
        base = KnowledgeBaseRepository(unit).lock(row.base_id)
        row.counts = counts.model_dump(mode="json")
        row.changes = _shortened(changes).model_dump(mode="json")
        builds.add_objects(row.id, objects)
        before = builds.get(base.current_build_id) if base.current_build_id else None
        if before is None or before.number < row.number:
            base.current_build_id = row.id
            unit.session.flush()
            # The build before is kept too: whoever reads it at this moment reads on.
            builds.forget_objects(base.id, keep={row.id, *([before.id] if before else [])})
            if not builds.others_at_work(row):
                ParsedRepository(unit, base_id=base.id).keep_only(keys)
            if self._embeds:
                row.embed_job_id = self._request_after(unit, row, kind=EMBED)
        self._tell_built(unit, row, base=base, changes=changes)

    @property
    def _embeds(self) -> bool:
        settings = self._runtime.settings
        return (
            isinstance(settings, KnowledgebaseSettings) and settings.embeddings.provider != "none"
        )

    def _request_after(self, unit: WriteUnit, row: BuildRow, *, kind: str) -> str:
        """Ask for a job that makes something of what was built; its id."""
        job = self._queue.request(
            unit,
            kind=kind,
            tenant=row.tenant,
            params={"build_id": row.id},
            subject_id=row.base_id,
            flow_id=LandedVersionRepository(unit).get(row.version_id).flow_id,
        )
        return job.id

    def publish_embedding(
        self,
        unit: WriteUnit,
        *,
        build_id: str,
        facts: EmbeddingFacts,
        objects: Mapping[str, StoredObject],
        shard: VectorShardRow,
    ) -> None:
        """Let a build be searched by meaning; runs in the transaction that ends the job.

        Args:
            facts: on its vectors.
            objects: what lies beside the build's own objects from now on.
            shard: where vectors and digests are found by the builds after it.
        """
        builds = BuildRepository(unit)
        row = builds.get(build_id)
        if row is None:
            raise BuildNotFoundError(f"There is no build {build_id}.")
        base = KnowledgeBaseRepository(unit).lock(row.base_id)
        if builds.object_named(row.id, RECORDS) is None:
            return  # a newer build has taken its place; what was made is kept for that one
        builds.add_objects(row.id, objects)
        row.embedding = facts.model_dump(mode="json")
        if base.current_build_id == row.id:
            VectorRepository(unit).keep_only(shard)
            settings = self._runtime.settings
            if isinstance(settings, KnowledgebaseSettings) and settings.grouping:
                row.group_job_id = self._request_after(unit, row, kind=GROUP)

    def request_grouping(self, unit: WriteUnit, base: KnowledgeBaseRow) -> None:
        """Group the current build anew, when it is embedded; else that comes by itself."""
        builds = BuildRepository(unit)
        row = builds.get(base.current_build_id) if base.current_build_id else None
        if row is not None and row.embedding is not None:
            row.group_job_id = self._request_after(unit, row, kind=GROUP)

    def publish_groups(
        self, unit: WriteUnit, *, build_id: str, job_id: str, objects: Mapping[str, StoredObject]
    ) -> None:
        """Show the groups of a build; runs in the transaction that ends the job.

        Args:
            job_id: the job that made them; when another was asked for since, they are let go of.
            objects: instead of those that were made before.
        """
        builds = BuildRepository(unit)
        row = builds.get(build_id)
        if row is None:
            raise BuildNotFoundError(f"There is no build {build_id}.")
        KnowledgeBaseRepository(unit).lock(row.base_id)
        unit.session.refresh(row)
        if row.group_job_id == job_id and builds.object_named(row.id, RECORDS) is not None:
            builds.replace_objects(row.id, objects, names=GROUP_OBJECTS)

    def _tell_built(
        self, unit: WriteUnit, row: BuildRow, *, base: KnowledgeBaseRow, changes: BuildChanges
    ) -> None:
        counts = BuildCounts.model_validate(row.counts)
        emit(
            unit,
            spec=KNOWLEDGE_BASE_BUILT,
            payload=KnowledgeBaseBuilt(
                base_id=base.id,
                base_name=base.name,
                build_id=row.id,
                number=row.number,
                version_id=row.version_id,
                job_id=row.job_id,
                embed_job_id=row.embed_job_id,
                found=counts.found,
                parsed=counts.parsed,
                skipped=counts.skipped,
                failed=counts.failed,
                records=counts.records,
                added=len(changes.added),
                changed=len(changes.changed),
                moved=len(changes.moved),
                deleted=len(changes.deleted),
            ),
            producer=self._runtime.name,
            tenant=row.tenant,
            flow_id=LandedVersionRepository(unit).get(row.version_id).flow_id,
            doorbell=self._runtime.doorbell,
        )

    def current_objects(
        self, view: ReadView, base: KnowledgeBaseRow, *, names: Sequence[str]
    ) -> tuple[str, dict[str, BuildObjectRow]]:
        """The current build's id and those of these objects that it has.

        Raises:
            NotBuiltYetError: the base has no build.
        """
        if base.current_build_id is None:
            raise NotBuiltYetError(
                f"{base.name} has no finished build yet. Ask for one: fleet kb rebuild {base.name}"
            )
        return base.current_build_id, self._objects(view, base.current_build_id, names=names)

    def objects_of(
        self, view: ReadView, build_id: str, *, names: Sequence[str]
    ) -> tuple[str, dict[str, BuildObjectRow]]:
        """The base's id and those of these objects that the build still has.

        Raises:
            BuildNotFoundError: the build was deleted, or another has taken its place.
        """
        row = BuildRepository(view).get(build_id)
        found = self._objects(view, build_id, names=names)
        if row is None or not found:
            raise BuildNotFoundError(f"Nothing is left of the build {build_id}.")
        return row.base_id, found

    def _objects(
        self, view: ReadView, build_id: str, *, names: Sequence[str]
    ) -> dict[str, BuildObjectRow]:
        found = {name: self.object_named(view, build_id, name) for name in names}
        return {name: row for name, row in found.items() if row is not None}

    def object_named(self, view: ReadView, build_id: str, name: str) -> BuildObjectRow | None:
        """One of a build's objects."""
        return BuildRepository(view).object_named(build_id, name)

    def number_of(self, view: ReadView, build_id: str) -> int:
        """The number of a build; 0 when it was deleted meanwhile."""
        row = BuildRepository(view).get(build_id)
        return row.number if row is not None else 0

    def add_object(
        self, unit: WriteUnit, build_id: str, *, name: str, stored: StoredObject
    ) -> None:
        """Name something that was made of a build as one of its objects.

        Raises:
            BuildNotFoundError: the build was deleted meanwhile.
        """
        builds = BuildRepository(unit)
        if builds.get(build_id) is None:
            raise BuildNotFoundError(f"The build {build_id} was deleted meanwhile.")
        if builds.object_named(build_id, name) is None:
            builds.add_objects(build_id, {name: stored})

    def size(self, view: ReadView, base: KnowledgeBaseRow) -> tuple[int, int]:
        """How many builds a base has, and the bytes of all that is kept of it."""
        return BuildRepository(view).size(base.id)

    def delete(self, unit: WriteUnit, base: KnowledgeBaseRow) -> None:
        """Delete all builds of a base and cancel what is at work for it.

        A job that ends before it is cancelled finds no build to publish, and nothing is kept.
        """
        builds = BuildRepository(unit)
        for job_id in builds.open_jobs(base.id, tenant=base.tenant):
            # It may end between the two looks; then there is nothing left to cancel.
            with contextlib.suppress(JobAlreadyEndedError):
                self._queue.cancel(unit, job_id=job_id, tenant=base.tenant)
        VectorRepository(unit).delete_all(base.id)
        builds.delete_all(base.id)

    def page(
        self, view: ReadView, base: KnowledgeBaseRow, *, limit: int, cursor: str | None
    ) -> KeysetPage[BuildView]:
        """The builds of a base, newest first."""
        page = BuildRepository(view).page(
            tenant=base.tenant, limit=limit, cursor=cursor, where=(BuildRow.base_id == base.id,)
        )
        return KeysetPage(rows=[view_build(view, row.id) for row in page.rows], next=page.next)


def _shortened(changes: BuildChanges) -> BuildChanges:
    lists = {
        name: getattr(changes, name)[:TOLD_PATHS]
        for name in ("added", "changed", "moved", "deleted")
    }
    return changes.model_copy(update=lists)
