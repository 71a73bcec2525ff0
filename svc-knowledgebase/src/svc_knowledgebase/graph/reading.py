"""A graph from the files of a build: records, and clusters and categories where there are any."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from svc_knowledgebase.graph.errors import RecordsDamagedError
from svc_knowledgebase.graph.groups import read_categories, read_clusters
from svc_knowledgebase.graph.model import Graph

_NEEDED = frozenset({"id", "document_id", "source", "path", "subfolders", "text", "section_path",
                     "near_duplicate_of"})  # fmt: skip


def read_graph(
    records: Path, *, clusters: Path | None = None, categories: Path | None = None
) -> Graph:
    """The graph of `records.jsonl`.

    Args:
        records: the file.
        clusters, categories: their files; None where there are none.

    Raises:
        RecordsDamagedError: a line is no record.
        GroupsDamagedError: clusters or categories are not what they should be.
    """
    return Graph(
        _read(records),
        clusters=read_clusters(clusters.read_bytes()) if clusters else None,
        categories=read_categories(categories.read_bytes()) if categories else None,
    )


def _read(records: Path) -> Iterator[dict[str, Any]]:
    with records.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                record: Any = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise _damaged(records, number) from error
            if not isinstance(record, dict) or not record.keys() >= _NEEDED:
                raise _damaged(records, number)
            yield record


def _damaged(records: Path, number: int) -> RecordsDamagedError:
    return RecordsDamagedError(
        f"Line {number} of {records.name} is no record. Build it again, or download it again.",
        line=number,
    )
