"""Knowledge bases: making, finding, and hearing of what has landed."""

from shared_lib.contracts.base import utc_now
from shared_lib.contracts.events import DatasetVersionLanded, Event
from shared_lib.contracts.ids import IdKind, new_id
from shared_lib.contracts.knowledge import (
    FolderSource,
    FolderView,
    KnowledgeBaseCreate,
    KnowledgeBaseDeleted,
    KnowledgeBaseView,
    Selection,
    TreeView,
)
from shared_lib.db.engine import ReadView, WriteUnit
from shared_lib.db.pages import KeysetPage
from shared_lib.storage import ObjectStore
from svc_knowledgebase.bases.errors import (
    BaseExistsError,
    BaseNotFoundError,
    NothingLandedError,
)
from svc_knowledgebase.bases.models import KnowledgeBaseRow
from svc_knowledgebase.bases.repository import KnowledgeBaseRepository
from svc_knowledgebase.building.selection import Selector, tree
from svc_knowledgebase.builds.service import Builds
from svc_knowledgebase.builds.views import view_build
from svc_knowledgebase.sources.folders import SharedFolders
from svc_knowledgebase.sources.listings import sizes_in
from svc_knowledgebase.sources.models import LandedFileRow, LandedVersionRow
from svc_knowledgebase.sources.repository import LandedVersionRepository


class Bases:
    """The knowledge bases of all tenants."""

    def __init__(self, *, builds: Builds, folders: SharedFolders, store: ObjectStore) -> None:
        self._builds = builds
        self._folders = folders
        self._store = store

    def on_landed(self, unit: WriteUnit, event: Event, landed: DatasetVersionLanded) -> None:
        """`dataset_version.landed`: remember it, and build the bases that follow the dataset."""
        versions = LandedVersionRepository(unit)
        version = versions.add(
            LandedVersionRow(
                id=landed.version_id,
                tenant=event.tenant,
                dataset_id=landed.dataset_id,
                dataset_name=landed.dataset_name,
                number=landed.version_number,
                purpose=landed.purpose,
                flow_id=event.flow_id,
                created_at=event.occurred_at,
            )
        )
        versions.add_files(
            [
                LandedFileRow(
                    id=file.file_id,
                    version_id=version.id,
                    path=file.path,
                    object_key=file.object_key,
                    sha256=file.sha256,
                    bytes=file.bytes,
                )
                for file in landed.files
            ]
        )
        bases = KnowledgeBaseRepository(unit).following(landed.dataset_name, tenant=event.tenant)
        rows = [self._builds.add(unit, base=base, version=version) for base in bases]
        if rows or landed.purpose == "documents":
            self._builds.tell_requested(unit, version=version, builds=rows)

    def create(
        self, unit: WriteUnit, *, tenant: str, body: KnowledgeBaseCreate
    ) -> KnowledgeBaseView:
        """Make a base; its first build is asked for apart, or comes with the next version.

        Raises:
            BaseExistsError: the name is taken.
            BadPatternError: a pattern of the selection cannot be understood.
            FolderNotAllowedError: no such folder may be read by this tenant.
        """
        Selector(body.selection)
        if body.folder is not None:
            self._folders.place(body.folder, tenant=tenant)
        bases = KnowledgeBaseRepository(unit)
        if bases.named(body.name, tenant=tenant) is not None:
            raise BaseExistsError(
                f"There is a knowledge base {body.name} already. Choose another name.",
                field="name",
            )
        row = bases.add(
            KnowledgeBaseRow(
                id=new_id(IdKind.KNOWLEDGE_BASE),
                tenant=tenant,
                name=body.name,
                dataset=body.folder.shown() if body.folder else body.dataset or "",
                folder=body.folder.model_dump(mode="json") if body.folder else None,
                description=body.description,
                selection=body.selection.model_dump(mode="json"),
                options=body.options.model_dump(mode="json"),
                follow=body.follow,
                created_at=utc_now(),
            )
        )
        return view_base(unit, row)

    def find(self, view: ReadView, name: str, *, tenant: str) -> KnowledgeBaseRow:
        """The base of that id or name.

        Raises:
            BaseNotFoundError: no such base in this tenant.
        """
        row = KnowledgeBaseRepository(view).named(name, tenant=tenant)
        if row is None:
            raise BaseNotFoundError(
                f"There is no knowledge base {name}. `fleet kb list` shows yours."
            )
        return row

    def lock(self, unit: WriteUnit, base_id: str) -> KnowledgeBaseRow:
        """The base, held until the unit ends.

        Raises:
            BaseNotFoundError: it was deleted meanwhile.
        """
        row = KnowledgeBaseRepository(unit).try_lock(base_id)
        if row is None:
            raise BaseNotFoundError(f"The knowledge base {base_id} was deleted meanwhile.")
        return row

    def delete(
        self, unit: WriteUnit, name: str, *, tenant: str, dry_run: bool
    ) -> KnowledgeBaseDeleted:
        """Delete a base with all its builds; the documents themselves stay where they are.

        Raises:
            BaseNotFoundError: no such base in this tenant.
        """
        bases = KnowledgeBaseRepository(unit)
        # Held: nothing is asked for or published between counting and deleting.
        base = self.lock(unit, self.find(unit, name, tenant=tenant).id)
        builds, size = self._builds.size(unit, base)
        if not dry_run:
            self._builds.delete(unit, base)
            bases.delete(base)
        return KnowledgeBaseDeleted(
            id=base.id, name=base.name, builds=builds, bytes=size, dry_run=dry_run
        )

    def page(
        self, view: ReadView, *, tenant: str, limit: int, cursor: str | None
    ) -> KeysetPage[KnowledgeBaseView]:
        """The tenant's bases, newest first."""
        page = KnowledgeBaseRepository(view).page(tenant=tenant, limit=limit, cursor=cursor)
        return KeysetPage(rows=[view_base(view, row) for row in page.rows], next=page.next)

    def tree(
        self, view: ReadView, name: str, *, tenant: str, selection: Selection | None
    ) -> TreeView:
        """What the newest version of the dataset or the folder has, and what is selected.

        Raises:
            BaseNotFoundError: no such base in this tenant.
            NothingLandedError: the dataset has no version.
            FolderNotAllowedError: the folder may not be read any more.
            FolderNotReadableError: the folder cannot be listed.
            BadPatternError: a pattern of the selection cannot be understood.
        """
        base = self.find(view, name, tenant=tenant)
        version = newest_version(view, base) if base.folder is None else None
        chosen = selection or Selection.model_validate(base.selection)
        selector = Selector(chosen)
        if version is not None:
            rows = LandedVersionRepository(view).files(version.id)
            files = [(row.path, row.bytes) for row in rows]
        else:
            source = FolderSource.model_validate(base.folder)
            place = self._folders.place(source, tenant=tenant)
            files = sizes_in(place, store=self._store)
        folders = tree(files, selector)
        return TreeView(
            dataset=base.dataset,
            version_id=version.id if version else None,
            version_number=version.number if version else None,
            selection=chosen,
            folders=[FolderView(**vars(folder)) for folder in folders],
        )


def newest_version(view: ReadView, base: KnowledgeBaseRow) -> LandedVersionRow:
    """The newest version of the base's dataset.

    Raises:
        NothingLandedError: it has none.
    """
    version = LandedVersionRepository(view).newest(base.dataset, tenant=base.tenant)
    if version is None:
        raise NothingLandedError(
            f"Nothing of the dataset {base.dataset} has landed yet. "
            f"Send documents: fleet push FOLDER --dataset {base.dataset} --documents"
        )
    return version


def view_base(view: ReadView, row: KnowledgeBaseRow) -> KnowledgeBaseView:
    """The base as the API answers it."""
    return KnowledgeBaseView.model_validate(
        {
            **{name: getattr(row, name) for name in ("id", "name", "dataset", "description")},
            "folder": row.folder,
            "selection": row.selection,
            "options": row.options,
            "follow": row.follow,
            "current_build": view_build(view, row.current_build_id)
            if row.current_build_id
            else None,
            "created_at": row.created_at,
        }
    )
