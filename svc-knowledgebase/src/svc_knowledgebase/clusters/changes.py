"""What has become of the clusters of the build before."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count

import numpy as np
from scipy.optimize import linear_sum_assignment

from shared_lib.contracts.groups import ClusterStatus, ClusterView, GoneCluster
from svc_knowledgebase.clusters.cluster import Clustering
from svc_knowledgebase.clusters.fitting import Doubles, overlap
from svc_knowledgebase.clusters.space import Ints

ALIKE = 0.3
"""Jaccard overlap of the records both builds have, from which two clusters are one."""
NEAR = 0.8
"""Cosine of the middles from which two are one, when no record of theirs is in both builds."""
MUCH = 0.1
"""Share of its size by which a cluster has grown or shrunk."""


def compare(before: Clustering | None, now: Clustering) -> Clustering:
    """`now` with what each cluster was before, and with those that are gone.

    A cluster is the one of before with which it shares most records, one to one; where no record
    is shared, the one whose middle is nearest. It keeps that one's id; a new one gets an id that
    no cluster of before has.
    """
    if before is None:
        return now
    pairs = _pairs(before, now)
    free = _free_ids(before)
    clusters = []
    for number, cluster in enumerate(now.clusters):
        old = before.clusters[pairs[number]] if number in pairs else None
        clusters.append(_compared(cluster, old) if old else _new(cluster, next(free)))
    matched = set(pairs.values())
    gone = tuple(
        GoneCluster(id=each.id, label=each.label, size=each.size)
        for number, each in enumerate(before.clusters)
        if number not in matched
    )
    return replace(
        now,
        clusters=tuple(clusters),
        gone=gone,
        compared=True,
        last_number=max([before.last_number, *(int(each.id[1:]) for each in clusters)]),
    )


def _pairs(before: Clustering, now: Clustering) -> dict[int, int]:
    """Of each cluster now, by place, the one that it was."""
    old, new = _of_shared(before, now)
    alike = overlap(new, old, count=len(now.clusters))
    alike = np.pad(alike, ((0, 0), (0, len(before.clusters) - alike.shape[1])))
    pairs = _matched(alike, least=ALIKE)
    if before.centroids.shape[1:] == now.centroids.shape[1:]:
        near = (now.centroids @ before.centroids.T).astype(np.float64)
        # Where records are shared, they have told; middles speak for clusters without any.
        shared_now = np.bincount(new[new >= 0], minlength=len(now.clusters)) > 0
        shared_old = np.bincount(old[old >= 0], minlength=len(before.clusters)) > 0
        near[shared_now[:, None] & shared_old[None, :]] = -1
        near[list(pairs), :] = -1
        near[:, list(pairs.values())] = -1
        pairs |= _matched(near, least=NEAR)
    return pairs


def _of_shared(before: Clustering, now: Clustering) -> tuple[Ints, Ints]:
    """The clusters of the records that both builds have, before and now."""
    places = {name: place for place, name in enumerate(before.ids)}
    both = [(places[name], place) for place, name in enumerate(now.ids) if name in places]
    old = [before.assignment[place] for place, _ in both]
    new = [now.assignment[place] for _, place in both]
    return np.array(old, dtype=np.int64), np.array(new, dtype=np.int64)


def _matched(likeness: Doubles, *, least: float) -> dict[int, int]:
    rows, columns = linear_sum_assignment(np.where(likeness >= least, likeness, 0), maximize=True)
    return {
        int(row): int(column)
        for row, column in zip(rows, columns, strict=True)
        if likeness[row, column] >= least
    }


def _compared(cluster: ClusterView, old: ClusterView) -> ClusterView:
    change = cluster.size - old.size
    status: ClusterStatus = "same"
    if abs(change) >= max(2, MUCH * old.size):
        status = "grown" if change > 0 else "shrunk"
    return cluster.model_copy(
        update={"id": old.id, "was": old.id, "size_before": old.size, "status": status}
    )


def _new(cluster: ClusterView, name: str) -> ClusterView:
    return cluster.model_copy(update={"id": name, "was": None, "status": "new"})


def _free_ids(before: Clustering) -> Iterator[str]:
    """Ids behind the last that was ever given."""
    return (f"c{number}" for number in count(before.last_number + 1))
