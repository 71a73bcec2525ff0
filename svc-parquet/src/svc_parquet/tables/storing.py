"""A job's results into the object store: seen by nobody before a version names them."""

from pathlib import Path

from shared_lib.contracts.conversions import Part, TableProfile
from shared_lib.faults import crash_point
from shared_lib.jobs import JobContext
from shared_lib.storage import StoredObject
from shared_lib.storage.keys import table_key
from svc_parquet.conversions.preview import PREVIEW_NAME
from svc_parquet.tables.objects import PART, PREVIEW, REPORT
from svc_parquet.tables.service import StoredObjects

PROFILE_FILE = "profile.json"


def store_version(
    context: JobContext, folder: Path, *, table_id: str, parts: list[Part], profile: TableProfile
) -> StoredObjects:
    """Put the parts, the first rows and the profile under keys of this try."""
    (folder / PROFILE_FILE).write_text(profile.model_dump_json())

    def put(name: str) -> StoredObject:
        key = table_key(context.job.tenant, table_id, context.job.writer, name)
        stored = context.runtime.store.put_file(key, folder / name)
        crash_point("parquet.table.object_put")
        return stored

    return {
        PART: [put(part.name) for part in parts],
        PREVIEW: [put(PREVIEW_NAME)],
        REPORT: [put(PROFILE_FILE)],
    }
