"""The job that builds. Its documents are parsed by children of its own, which may die."""

import os
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile

from shared_lib.contracts.knowledge import (
    BuildChanges,
    BuildOptions,
    FolderSource,
    Manifest,
    Selection,
)
from shared_lib.faults import crash_point
from shared_lib.jobs import JobContext
from shared_lib.storage import StoredObject
from shared_lib.storage.errors import ObjectMissingError
from shared_lib.storage.keys import knowledge_key
from svc_knowledgebase.bases.models import KnowledgeBaseRow
from svc_knowledgebase.bases.repository import KnowledgeBaseRepository
from svc_knowledgebase.building.assembly import (
    MANIFEST,
    PARQUET,
    RECORDS,
    Assembly,
    SourceFile,
    assemble,
    changes_between,
)
from svc_knowledgebase.building.batches import parse_missing
from svc_knowledgebase.building.parsed import Recipe
from svc_knowledgebase.building.reuse import ASSEMBLY, Before
from svc_knowledgebase.building.selection import Selector
from svc_knowledgebase.builds.models import BuildRow
from svc_knowledgebase.builds.repository import BuildRepository
from svc_knowledgebase.builds.service import Builds
from svc_knowledgebase.builds.shards import ShardStore
from svc_knowledgebase.searching.index import INDEX, IndexWriter
from svc_knowledgebase.searching.patching import IndexPatcher
from svc_knowledgebase.settings import KnowledgebaseSettings
from svc_knowledgebase.sources.folders import SharedFolders
from svc_knowledgebase.sources.listings import Listing, list_landed, list_shared
from svc_knowledgebase.sources.models import LandedFileRow
from svc_knowledgebase.sources.repository import LandedVersionRepository

WORKERS = 2
"""Parsers beside one job; a worker runs several jobs."""


def run(context: JobContext) -> None:
    """Parse what is new, batch by batch; then assemble, store and publish."""
    build_id = context.job.params["build_id"]
    with context.runtime.database.read() as view:
        row = BuildRepository(view).get(build_id)
        if row is None:
            return
        selection = Selection.model_validate(row.selection)
        recipe = Recipe.of(BuildOptions.model_validate(row.options))
        base = KnowledgeBaseRepository(view).get(row.base_id)
        base_id, source, before_id = base.id, base.dataset, base.current_build_id
        landed = LandedVersionRepository(view).files(row.version_id)
    listing = _listing(context, base, row, landed)
    files, excluded = listing.files, listing.excluded
    store = ShardStore(context, base_id=base_id)
    parsed_now = parse_missing(
        files,
        store=store,
        recipe=recipe,
        places=listing.places,
        workers=min(WORKERS, os.cpu_count() or 1),
        progress=lambda done, total: context.progress(done, total, unit="documents"),
    )
    before = _before(context, before_id)
    manifest = _assemble(
        context,
        files,
        store,
        recipe,
        before=before,
        source=source,
        selection=selection,
        excluded=excluded,
    )
    changes = _changes(before, manifest, parsed_now=parsed_now)
    _tell(context, manifest)
    context.start_publishing()
    objects = _store(context, base_id=base_id)
    keys = {recipe.key(each.path, each.sha256) for each in files if each.sha256}
    with context.publish({"build_id": build_id, "base_id": base_id}) as unit:
        Builds(context.runtime).publish(
            unit,
            build_id=build_id,
            counts=manifest.counts,
            changes=changes,
            objects=objects,
            keys=keys,
        )


def _listing(
    context: JobContext, base: KnowledgeBaseRow, row: BuildRow, landed: list[LandedFileRow]
) -> Listing:
    selector = Selector(Selection.model_validate(row.selection))
    store, scratch = context.runtime.store, context.scratch / "fetched"
    scratch.mkdir()
    if base.folder is None:
        return list_landed(landed, selector, store=store, scratch=scratch)
    settings = context.runtime.settings
    assert isinstance(settings, KnowledgebaseSettings)  # noqa: S101 - this service's own job
    source = FolderSource.model_validate(base.folder)
    # Allowed when the build was asked for; it must be allowed still.
    place = SharedFolders(settings.folders).place(source, tenant=base.tenant)
    return list_shared(place, selector, store=store, scratch=scratch)


@dataclass(frozen=True)
class _Before:
    """The build that is searched now: its manifest, and its objects where they can be read."""

    manifest: Manifest
    kept: Before | None
    index: Path

    def is_read_as(self, recipe: Recipe, *, source: str) -> bool:
        """Whether what is kept of it can be taken over."""
        same = self.manifest.is_read_as(recipe.options, recipe.engines)
        return self.kept is not None and same and self.kept.source == source


def _before(context: JobContext, build_id: str | None) -> _Before | None:
    """None when there is none, or it went while we looked: then everything is written anew."""
    if build_id is None:
        return None
    with context.runtime.database.read() as view:
        rows = {name: BuildRepository(view).object_named(build_id, name)
                for name in (MANIFEST, RECORDS, ASSEMBLY, INDEX)}  # fmt: skip
    folder = context.scratch / "before"
    folder.mkdir()
    places = dict[str, Path]()
    try:
        for name, row in rows.items():
            if row is not None:
                places[name] = _here(context, row.object_key, folder / name)
    except ObjectMissingError:
        return None
    if MANIFEST not in places:
        return None
    manifest = Manifest.model_validate_json(places[MANIFEST].read_bytes())
    kept = None
    if len(places) == len(rows):
        kept = Before.load(places[ASSEMBLY], records=places[RECORDS], manifest=manifest)
    return _Before(manifest=manifest, kept=kept, index=places.get(INDEX, folder))


def _here(context: JobContext, key: str, place: Path) -> Path:
    """An object as a file of this machine."""
    local = context.runtime.store.local_path(key)
    if local is None:
        context.runtime.store.get_file(key, place)
        return place
    return local


def _assemble(
    context: JobContext,
    files: list[SourceFile],
    store: ShardStore,
    recipe: Recipe,
    *,
    before: _Before | None,
    source: str,
    selection: Selection,
    excluded: int,
) -> Manifest:
    out = context.scratch / "out"
    out.mkdir()
    kept, writer = None, IndexWriter
    if before is not None and before.is_read_as(recipe, source=source):
        kept, writer = before.kept, IndexPatcher
        copyfile(before.index, out / INDEX)
    keys = {each.path: recipe.key(each.path, each.sha256) for each in files if each.sha256}
    assembly = Assembly(source=source, target=out)
    with writer(out / INDEX) as index:
        assemble(assembly, files, keys=keys, given=store.read, before=kept, listener=index)
    return assembly.close(
        selection=selection, options=recipe.options, engines=recipe.engines, excluded=excluded
    )


def _changes(before: _Before | None, manifest: Manifest, *, parsed_now: int) -> BuildChanges:
    """What is different from the build that is searched now."""
    files = before.manifest.files if before else []
    added, changed, moved, deleted = changes_between(files, manifest.files)
    return BuildChanges(
        added=added, changed=changed, moved=moved, deleted=deleted, parsed_now=parsed_now
    )


def _store(context: JobContext, *, base_id: str) -> dict[str, StoredObject]:
    """Put every result into the object store; nobody sees it before it is named."""
    objects = {}
    for name in (RECORDS, PARQUET, MANIFEST, ASSEMBLY, INDEX):
        key = knowledge_key(context.job.tenant, base_id, context.job.writer, name)
        objects[name] = context.runtime.store.put_file(key, context.scratch / "out" / name)
        crash_point("knowledgebase.build.object_put")
    return objects


def _tell(context: JobContext, manifest: Manifest) -> None:
    """The job's log says what became of the files, the unread ones by name."""
    counts = manifest.counts
    context.log(
        f"{counts.found} files: {counts.parsed} parsed, {counts.skipped} skipped, "
        f"{counts.failed} failed; {counts.records} records"
    )
    unread = [each for each in manifest.files if each.fate != "parsed"]
    context.log_lines([f"{each.fate}: {each.path}: {each.detail}" for each in unread[:500]])
