"""A table version's files, where a job child can scan them."""

from collections.abc import Sequence
from pathlib import Path

from shared_lib.jobs.context import JobContext


def fetch_parts(context: JobContext, parts: Sequence[str], *, name: str) -> list[Path]:
    """The Parquet files in the job's scratch folder; links where the store is a folder itself."""
    folder = context.scratch / name
    folder.mkdir()
    found = []
    for position, key in enumerate(parts):
        path = folder / f"part-{position:05}.parquet"
        lies_at = context.runtime.store.local_path(key)
        if lies_at is not None:
            path.symlink_to(lies_at)
        else:
            context.runtime.store.get_file(key, path)
        found.append(path)
    return found
