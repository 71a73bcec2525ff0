"""A build's records and vectors to clusters, categories and labels, as files."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from shared_lib.contracts.groups import ClusterOptions, Taxonomy
from svc_knowledgebase.categories.assign import CATEGORIES, Categorised, assign
from svc_knowledgebase.categories.prototypes import Embed
from svc_knowledgebase.clusters.changes import compare
from svc_knowledgebase.clusters.cluster import CLUSTERS, Clustering, cluster_records
from svc_knowledgebase.clusters.space import Floats
from svc_knowledgebase.grouping.labels import (
    LABELS,
    LabelledCategory,
    RecordLabel,
    write_labels,
)

OBJECTS = (CLUSTERS, CATEGORIES, LABELS)


@dataclass(frozen=True)
class Grouped:
    """What has been written."""

    clustering: Clustering
    categorised: Categorised | None
    files: Mapping[str, Path]

    def told(self) -> str:
        """In a line."""
        clusters = self.clustering
        statuses = [each.status for each in clusters.clusters]
        changes = (
            f" ({statuses.count('new')} new, {statuses.count('grown')} grown, "
            f"{statuses.count('shrunk')} shrunk, {len(clusters.gone)} gone)"
            if clusters.compared
            else ""
        )
        outliers = int((clusters.assignment < 0).sum())
        line = f"{len(statuses)} clusters{changes}, {outliers} records in none"
        if self.categorised is None:
            return line
        given = int((self.categorised.assignment >= 0).sum())
        return (
            f"{line}; {given} of {len(clusters.ids)} records in "
            f"{len(self.categorised.categories)} categories"
        )


def group_records(
    target: Path,
    records: Iterable[Mapping[str, Any]],
    vectors: Floats,
    *,
    embed: Embed,
    before: bytes | None = None,
    options: ClusterOptions | None = None,
    taxonomy: Taxonomy | None = None,
    seed: int = 0,
) -> Grouped:
    """Write `clusters.json`, `categories.json` (where there are any) and `labels.sqlite`.

    The same input gives the same bytes.

    Args:
        target: folder; files of these names in it are written over.
        records: as in `records.jsonl`, in order [n].
        vectors: unit rows [n, d].
        embed: texts to unit rows [n, d], of the same model.
        before: `clusters.json` of the build before.
        options, taxonomy: how; the categories are the folders when left out.
        seed: of everything that is drawn.
    """
    ids, documents, texts, folders = list[str](), list[str](), list[str](), list[list[str]]()
    for record in records:
        ids.append(record["id"])
        documents.append(record["document_id"])
        texts.append(record["text"])
        folders.append(record["subfolders"])
    with threadpool_limits(limits=1):
        found = cluster_records(vectors, texts, ids=ids, options=options, seed=seed)
        clustering = compare(Clustering.from_json(before) if before else None, found)
        categorised = assign(
            vectors, taxonomy or Taxonomy(), embed,
            folders=folders, texts=texts, documents=documents, seed=seed,
        )  # fmt: skip
    return Grouped(clustering, categorised, _write(target, clustering, categorised))


def _write(
    target: Path, clustering: Clustering, categorised: Categorised | None
) -> dict[str, Path]:
    files = {name: target / name for name in OBJECTS}
    for place in files.values():
        place.unlink(missing_ok=True)
    files[CLUSTERS].write_bytes(clustering.to_json())
    if categorised is None:
        del files[CATEGORIES]
    else:
        files[CATEGORIES].write_bytes(categorised.to_json())
    write_labels(
        files[LABELS],
        _labels(clustering, categorised),
        clusters=[each.model_dump(mode="json") for each in clustering.clusters],
        categories=_shown(categorised),
        facts=_facts(clustering, categorised),
    )
    return files


def _labels(clustering: Clustering, categorised: Categorised | None) -> Iterator[RecordLabel]:
    count = len(clustering.ids)
    clusters = [each.id for each in clustering.clusters]
    categories = [each.id for each in categorised.categories] if categorised else []
    given = categorised.assignment.tolist() if categorised else [-1] * count
    scores = np.round(categorised.scores, 4).tolist() if categorised else [None] * count
    for cluster, category, score, (x, y) in zip(
        clustering.assignment.tolist(), given, scores, clustering.places.tolist(), strict=True
    ):
        yield RecordLabel(
            cluster=clusters[cluster] if cluster >= 0 else None,
            category=categories[category] if category >= 0 else None,
            score=score if category >= 0 else None,
            x=x,
            y=y,
        )


def _shown(categorised: Categorised | None) -> list[LabelledCategory]:
    if categorised is None:
        return []
    return [
        LabelledCategory(each.model_dump(mode="json"), direction.tolist())
        for each, direction in zip(categorised.categories, categorised.directions, strict=True)
    ]


def _facts(clustering: Clustering, categorised: Categorised | None) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "records": len(clustering.ids),
        "method": clustering.options.method,
        "compared": clustering.compared,
        "agreement": clustering.agreement,
        "outliers": int((clustering.assignment < 0).sum()),
        "gone": [each.model_dump(mode="json") for each in clustering.gone],
    }
    if categorised is not None:
        facts |= {
            "kind": categorised.taxonomy.kind,
            "rule": vars(categorised.rule),
            "abstained": int((categorised.assignment < 0).sum()),
            "report": categorised.report.model_dump(mode="json") if categorised.report else None,
        }
    return facts
