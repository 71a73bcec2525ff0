"""The job that converts one file. Runs in a child process: this module imports polars."""

from pathlib import Path, PurePosixPath

from shared_lib.contracts.conversions import (
    ConversionOptions,
    ConversionReport,
    ConvertedTable,
    FileReport,
    TableSource,
)
from shared_lib.faults import crash_point
from shared_lib.jobs import JobContext
from shared_lib.storage import StoredObject
from shared_lib.storage.keys import table_key
from svc_parquet.conversions.convert import convert_file
from svc_parquet.conversions.replaying import corrected_file
from svc_parquet.conversions.repository import ConversionRepository
from svc_parquet.conversions.service import Conversions
from svc_parquet.tables.objects import PART, PREVIEW, QUARANTINE, REPORT
from svc_parquet.tables.service import StoredObjects, Tables

REPORT_FILE = "report.json"


def run(context: JobContext) -> None:
    """Convert, put the results under keys of this try, and publish them in one transaction."""
    conversion_id = context.job.params["conversion_id"]
    with context.runtime.database.read() as view:
        conversion = ConversionRepository(view).get(conversion_id)
        if conversion is None:
            return
        source = ConversionRepository(view).source_of(conversion)
        object_key, path, table_id = source.object_key, source.path, conversion.table_id
        options = ConversionOptions.model_validate(conversion.options)
        corrected = conversion.replays is not None
    sink = context.scratch / "out"
    sink.mkdir()
    source_file = _fetch(context, object_key, path=path)
    if corrected:
        source_file = corrected_file(context, source_file, conversion_id=conversion_id)
    report = convert_file(source_file, sink, options=options, progress=context.progress, path=path)
    for made in report.tables:
        _tell(context, report=made.report)
        (sink / made.folder / REPORT_FILE).write_text(made.report.model_dump_json())
    _tell_refused(context, report=report)
    context.start_publishing()
    objects = [_store(context, sink=sink, made=made, table_id=table_id) for made in report.tables]
    conversions = Conversions(context.runtime, tables=Tables(context.runtime))
    with context.publish({"conversion_id": conversion_id, "table_id": table_id}) as unit:
        conversions.publish(unit, conversion_id=conversion_id, report=report, objects=objects)


def _fetch(context: JobContext, object_key: str, *, path: str) -> Path:
    """The raw file under its own name, so that what is said of it names what people sent."""
    source = context.scratch / "source" / PurePosixPath(path).name
    source.parent.mkdir()
    lies_at = context.runtime.store.local_path(object_key)
    if lies_at is not None:
        source.symlink_to(lies_at)
    else:
        context.runtime.store.get_file(object_key, source)
    return source


def _store(
    context: JobContext, *, sink: Path, made: ConvertedTable, table_id: str
) -> StoredObjects:
    """Put every result of a table into the object store; nobody sees it before it is named.

    All tables of a file lie under the one that was promised for it, told apart by their number.
    """
    report = made.report

    def put(name: str) -> StoredObject:
        own = f"{made.folder}.{name}"
        key = table_key(context.job.tenant, table_id, context.job.writer, own)
        stored = context.runtime.store.put_file(key, sink / made.folder / name)
        crash_point("parquet.convert.object_put")
        return stored

    objects = {
        PART: [put(part.name) for part in report.parts],
        PREVIEW: [put(report.preview)],
        REPORT: [put(REPORT_FILE)],
    }
    if report.quarantine.file is not None:
        objects[QUARANTINE] = [put(report.quarantine.file)]
    return objects


def _tell(context: JobContext, *, report: ConversionReport) -> None:
    """The job's log says what was decided, in the order in which people ask."""
    decided = report.decisions
    context.log(
        f"{_shown(report.source)}: {report.rows} rows x {report.columns} columns, "
        f"{decided.format}, {decided.encoding} ({decided.encoding_reason})"
    )
    for widening in report.widened:
        context.log(
            f"column {widening.column} became {widening.to} instead of {widening.from_}: "
            f"{widening.reason}",
            level="warning",
            example=widening.example,
            row=widening.row,
        )
    if report.quarantine.rows:
        context.log(
            f"{report.quarantine.rows} rows are in quarantine; none is lost",
            level="warning",
            reasons=report.quarantine.reasons,
        )


def _tell_refused(context: JobContext, *, report: FileReport) -> None:
    for refused in report.not_converted:
        context.log(f"{_shown(refused.source)}: not converted. {refused.reason}", level="warning")


def _shown(source: TableSource) -> str:
    return " ".join(part for part in (source.path, source.name) if part)
