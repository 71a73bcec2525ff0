"""The job that makes one file of a build's graph."""

import zipfile
from pathlib import Path

from shared_lib.jobs import JobContext
from shared_lib.storage.keys import knowledge_key
from svc_knowledgebase.building.assembly import RECORDS
from svc_knowledgebase.builds.service import Builds
from svc_knowledgebase.graph.exports import FORMS, neo4j_command
from svc_knowledgebase.graph.files import DATABASE, INPUTS, OVERVIEW, file_name
from svc_knowledgebase.graph.groups import CATEGORIES, CLUSTERS
from svc_knowledgebase.graph.model import Graph
from svc_knowledgebase.graph.overview import overview
from svc_knowledgebase.graph.reading import read_graph

HOW_TO = "import.txt"
"""Beside the files for `neo4j-admin`: the command that imports them."""


def run(context: JobContext) -> None:
    """Read the build's objects, make the file, store and publish it."""
    build_id, form = context.job.params["build_id"], context.job.params["form"]
    builds = Builds(context.runtime)
    with context.runtime.database.read() as view:
        base_id, inputs = builds.objects_of(view, build_id, names=INPUTS)
        keys = {name: row.object_key for name, row in inputs.items()}
        name = file_name(form, {each: row.sha256 for each, row in inputs.items()})
    places = {each: _fetch(context, key) for each, key in keys.items()}
    graph = read_graph(
        places[RECORDS], clusters=places.get(CLUSTERS), categories=places.get(CATEGORIES)
    )
    counts = graph.counts()
    context.log(f"{sum(counts.values()):,} nodes and relations", form=form)
    made = _make(graph, form, folder=context.scratch)
    context.start_publishing()
    key = knowledge_key(context.job.tenant, base_id, context.job.writer, made.name)
    stored = context.runtime.store.put_file(key, made)
    with context.publish({"build_id": build_id, "name": name}) as unit:
        builds.add_object(unit, build_id, name=name, stored=stored)


def _fetch(context: JobContext, key: str) -> Path:
    """The object as a file."""
    lies_at = context.runtime.store.local_path(key)
    if lies_at is not None:
        return lies_at
    place = context.scratch / key.rpartition("/")[2]
    context.runtime.store.get_file(key, place)
    return place


def _make(graph: Graph, form: str, *, folder: Path) -> Path:
    """The one file of a form."""
    if form == OVERVIEW:
        place = folder / "graph-overview.json"
        place.write_text(overview(graph).model_dump_json(), encoding="utf-8")
        return place
    if form == DATABASE:
        # The engine is heavy, and the other forms need none of it.
        from svc_knowledgebase.graph.database import write_database  # noqa: PLC0415

        place = folder / "graph.lbug"
        write_database(graph, place)
        return place
    out = folder / "graph"
    out.mkdir()
    files = FORMS[form](graph, out)
    if len(files) == 1:
        return files[0]
    return _pack(files, folder / f"graph-{form}.zip")


def _pack(files: list[Path], target: Path) -> Path:
    """The files as one archive, with what imports them."""
    command = neo4j_command([Path(file.name) for file in files])
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(HOW_TO, f"{command}\n")
        for file in files:
            archive.write(file, file.name)
    return target
