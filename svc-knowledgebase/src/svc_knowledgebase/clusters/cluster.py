"""Records to clusters: the same records, options and seed give the same clusters.

Of many records a sample is grouped and laid out, and the rest goes with what it is most like, so
the time grows with their number and no faster.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from threadpoolctl import threadpool_limits

from shared_lib.contracts.groups import ClusterOptions, ClusterStatus, ClusterView, GoneCluster
from svc_knowledgebase.clusters.fitting import (
    FIT_ON,
    HDBSCAN_ON,
    by_size,
    choose_clusters,
    firmness,
    hdbscan,
    kmeans,
    middles,
    spread,
    without_strays,
)
from svc_knowledgebase.clusters.layout import Places, lay_out
from svc_knowledgebase.clusters.space import Floats, Ints, reduce, sample_of, unit
from svc_knowledgebase.clusters.terms import label_of, telling_terms

CLUSTERS = "clusters.json"
FEWEST = 8
"""Records below which there is nothing to group: they are one cluster."""
FIRM_ON = 3_000
EXAMPLES = 5


@dataclass(frozen=True)
class Clustering:
    """What a build's records fall into.

    Attributes:
        options: that were asked for.
        clusters: the biggest first.
        gone: clusters of the build before without a like.
        compared: whether there was a build before.
        agreement: mean adjusted Rand index when parts are grouped anew; None of one cluster.
        assignment: for each record the place of its cluster among `clusters`, -1 an outlier [n].
        places: on the map, 0 to 1 [n, 2].
        centroids: mean directions, unit rows [clusters, d].
        ids: of the records, in order.
        last_number: the highest in any id that was ever given; none is given twice.
    """

    options: ClusterOptions
    clusters: tuple[ClusterView, ...]
    gone: tuple[GoneCluster, ...]
    compared: bool
    agreement: float | None
    assignment: Ints
    places: Places
    centroids: Floats
    ids: tuple[str, ...]
    last_number: int

    def to_json(self) -> bytes:
        """As `clusters.json`; the same bytes for the same clustering."""
        return orjson.dumps(
            {
                "method": self.options.method,
                "options": self.options.model_dump(mode="json"),
                "clusters": [each.model_dump(mode="json") for each in self.clusters],
                "gone": [each.model_dump(mode="json") for each in self.gone],
                "compared": self.compared,
                "agreement": self.agreement,
                "outliers": int((self.assignment < 0).sum()),
                "assignment": self.assignment.tolist(),
                "map": self.places.tolist(),
                "centroids": np.round(self.centroids.astype(np.float64), 5).tolist(),
                "ids": self.ids,
                "last_number": self.last_number,
            }
        )

    @classmethod
    def from_json(cls, data: bytes) -> "Clustering":
        """The same from `clusters.json`.

        Raises:
            ValueError: it is none.
        """
        found: dict[str, Any] = orjson.loads(data)
        return cls(
            options=ClusterOptions.model_validate(found["options"]),
            clusters=tuple(ClusterView.model_validate(each) for each in found["clusters"]),
            gone=tuple(GoneCluster.model_validate(each) for each in found["gone"]),
            compared=found["compared"],
            agreement=found["agreement"],
            assignment=np.array(found["assignment"], dtype=np.int64),
            places=np.array(found["map"], dtype=np.float64).reshape(-1, 2),
            centroids=np.array(found["centroids"], dtype=np.float32).reshape(
                len(found["clusters"]), -1
            ),
            ids=tuple(found["ids"]),
            last_number=found["last_number"],
        )


def cluster_records(
    vectors: Floats,
    texts: Sequence[str],
    *,
    ids: Sequence[str],
    options: ClusterOptions | None = None,
    seed: int = 0,
) -> Clustering:
    """Group records by their vectors and name the groups by their texts.

    Args:
        vectors: unit rows [n, d].
        texts: of the records [n].
        ids: of the records [n].
        options: how; what is left out is chosen.
        seed: of everything that is drawn.
    """
    asked = options or ClusterOptions()
    rows = unit(np.ascontiguousarray(vectors, dtype=np.float32))
    # Several threads add in an order of their own, and the last digits differ with it.
    with threadpool_limits(limits=1):
        points = reduce(rows, seed=seed)
        labels, stability, agreement = _group(points, asked, seed=seed)
        places = lay_out(points, seed=seed)
    centroids = middles(rows, labels)
    return Clustering(
        options=asked,
        clusters=tuple(_named(labels, texts, stability, _examples(rows, labels, centroids, ids))),
        gone=(),
        compared=False,
        agreement=agreement,
        assignment=labels,
        places=places,
        centroids=centroids,
        ids=tuple(ids),
        last_number=len(centroids),
    )


def smallest(count: int) -> int:
    """Records of the smallest cluster when nobody has said."""
    return max(3, round(math.sqrt(count) / 4))


def _group(
    points: Floats, options: ClusterOptions, *, seed: int
) -> tuple[Ints, list[float] | None, float | None]:
    min_size = options.min_size or smallest(len(points))
    least = max(FEWEST, 2 * min_size)
    if len(points) < least or not np.any(points != points[0]):
        return np.zeros(len(points), dtype=np.int64), None, None
    sample = sample_of(
        len(points), most=HDBSCAN_ON if options.method == "hdbscan" else FIT_ON, seed=seed
    )
    scaled = max(2, round(min_size * len(sample) / len(points)))
    number = options.clusters or (
        choose_clusters(points[sample], min_size=scaled, seed=seed)
        if options.method == "kmeans"
        else 0
    )

    def group(some: Floats, turn: int) -> Ints:
        if options.method == "hdbscan":
            return hdbscan(some, min_size=max(2, round(scaled * len(some) / len(sample))))
        return kmeans(some, clusters=min(number, len(some)), seed=turn)

    found = spread(points, sample, group(points[sample], seed))
    if options.method == "kmeans":
        found = without_strays(points, found)
    labels = by_size(found, min_size=min_size)
    if labels.max(initial=-1) < 1:
        return labels, None, None
    judged = sample_of(len(points), most=FIRM_ON, seed=seed)
    return labels, *firmness(points[judged], labels[judged], group=group, seed=seed)


def _named(
    labels: Ints, texts: Sequence[str], stability: list[float] | None, examples: list[list[str]]
) -> list[ClusterView]:
    status: ClusterStatus = "new"
    terms = telling_terms(texts, labels, groups=len(examples))
    return [
        ClusterView(
            id=f"c{number + 1}",
            label=label_of(terms[number], otherwise=f"cluster {number + 1}"),
            terms=terms[number],
            size=int((labels == number).sum()),
            stability=round(stability[number], 3) if stability else None,
            status=status,
            was=None,
            examples=examples[number],
        )
        for number in range(len(examples))
    ]


def _examples(rows: Floats, labels: Ints, centroids: Floats, ids: Sequence[str]) -> list[list[str]]:
    found = []
    for number, center in enumerate(centroids):
        (members,) = np.nonzero(labels == number)
        order = np.argsort(-(rows[members] @ center), kind="stable")[:EXAMPLES]
        found.append([ids[int(members[place])] for place in order])
    return found
