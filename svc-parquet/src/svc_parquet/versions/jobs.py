"""The jobs that append and compact. Run in a child process: this module imports polars."""

from dataclasses import dataclass

from shared_lib.contracts.conversions import Part
from shared_lib.contracts.tables import ColumnView
from shared_lib.contracts.versions import SchemaChanges
from shared_lib.jobs import JobContext
from shared_lib.jobs.fetching import fetch_parts
from shared_lib.storage import StoredObject
from shared_lib.storage.keys import table_key
from svc_parquet.tables.models import TableObjectRow, TableVersionRow
from svc_parquet.tables.objects import PART
from svc_parquet.tables.service import Tables
from svc_parquet.tables.storing import store_version
from svc_parquet.versions.evolution import evolve
from svc_parquet.versions.merging import Merged, merge
from svc_parquet.versions.repository import TableChangeRepository
from svc_parquet.versions.requests import COMPACT
from svc_parquet.versions.service import Made, TableChanges


@dataclass(frozen=True)
class _Known:
    """A part of an earlier version."""

    key: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class _Asked:
    table_id: str
    base_id: str
    columns: list[ColumnView]
    changes: SchemaChanges
    parts: list[_Known]
    parts_before: int
    compacts: bool


def run(context: JobContext) -> None:
    """Merge what has to be written, share the rest, publish the next version in one transaction."""
    change_id = context.job.params["change_id"]
    tables = Tables(context.runtime)
    asked = _read(context, change_id, tables=tables)
    if asked is None:
        return
    sink = context.scratch / "out"
    sink.mkdir()
    merged = merge(
        fetch_parts(context, [part.key for part in asked.parts], name="parts"),
        sink,
        columns=asked.columns,
        rewrite=asked.compacts,
        progress=lambda done, total: context.progress(done, total, unit="parts"),
    )
    shared = sum(isinstance(part, int) for part in merged.parts)
    context.log(
        f"{merged.profile.rows} rows in {len(merged.parts)} parts; {shared} of them were there"
    )
    context.start_publishing()
    parts, stored = _store(context, asked, merged)
    objects = store_version(
        context, sink, table_id=asked.table_id, parts=[], profile=merged.profile
    )
    made = Made(
        base_id=asked.base_id,
        columns=asked.columns,
        parts=parts,
        changes=asked.changes,
        shared=shared,
        parts_before=asked.parts_before,
    )
    with context.publish({"change_id": change_id, "table_id": asked.table_id}) as unit:
        TableChanges(context.runtime, tables=tables).publish(
            unit, change_id=change_id, made=made, objects=objects | {PART: stored}
        )


def _read(context: JobContext, change_id: str, *, tables: Tables) -> _Asked | None:
    with context.runtime.database.read() as view:
        changes = TableChangeRepository(view)
        row = changes.get(change_id)
        if row is None:
            return None
        if row.base_version_id is not None:
            base = changes.version(row.base_version_id)
        else:
            _, base = tables.version(view, row.table_id, tenant=row.tenant, number=None)
        before = tables.parts(view, version=base)
        columns, schema, behind = _columns(base), SchemaChanges(), list[TableObjectRow]()
        if row.source_version_id is not None:
            source = changes.version(row.source_version_id)
            evolved = evolve(columns, _columns(source), widen_to_text=row.widen_to_text)
            columns, schema = evolved.columns, evolved.changes
            behind = tables.parts(view, version=source)
        return _Asked(
            table_id=row.table_id,
            base_id=base.id,
            columns=columns,
            changes=schema,
            parts=[
                _Known(key=p.object_key, rows=p.rows or 0, bytes=p.bytes, sha256=p.sha256)
                for p in [*before, *behind]
            ],
            parts_before=len(before),
            compacts=row.kind == COMPACT,
        )


def _store(
    context: JobContext, asked: _Asked, merged: Merged
) -> tuple[list[Part], list[StoredObject]]:
    """Every part of the next version, in order: those that are there, and those put there now."""
    parts, stored = [], []
    for place, part in enumerate(merged.parts):
        if isinstance(part, int):
            known = asked.parts[part]
            name = f"part-{place:05}.parquet"
            parts.append(Part(name=name, rows=known.rows, bytes=known.bytes, sha256=known.sha256))
            there = context.runtime.store.stat(known.key)
            stored.append(
                StoredObject(
                    key=known.key,
                    bytes=known.bytes,
                    sha256=known.sha256,
                    modified_at=there.modified_at,
                )
            )
        else:
            writer = context.job.writer
            key = table_key(context.job.tenant, asked.table_id, writer, part.name.replace("/", "-"))
            stored.append(context.runtime.store.put_file(key, context.scratch / "out" / part.name))
            parts.append(part)
    return parts, stored


def _columns(version: TableVersionRow) -> list[ColumnView]:
    return [ColumnView.model_validate(column) for column in version.columns]
