"""Planted subjects are found again, alike in every run, and named by their own words."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import SUBJECTS, planted
from sklearn.metrics import adjusted_rand_score

from shared_lib.contracts.groups import ClusterOptions
from svc_knowledgebase.clusters import cluster as module
from svc_knowledgebase.clusters import layout
from svc_knowledgebase.clusters.cluster import Clustering, cluster_records
from svc_knowledgebase.clusters.fitting import by_size, middles, overlap
from svc_knowledgebase.clusters.space import nearest, unit

SIZES = {"pumps": 50, "taxes": 40, "birds": 30, "music": 20}


def clustered(noise: float = 0.8, strays: int = 0, **options: Any) -> tuple[Any, Clustering]:
    records = planted(SIZES, noise=noise, strays=strays)
    found = cluster_records(
        records.vectors, records.texts, ids=records.ids, options=ClusterOptions(**options)
    )
    return records, found


@pytest.mark.parametrize("method", ["kmeans", "hdbscan"])
def test_planted_subjects_are_found(method: str) -> None:
    records, found = clustered(strays=5, method=method)
    inside = records.subjects >= 0
    assert adjusted_rand_score(records.subjects[inside], found.assignment[inside]) > 0.95
    assert [each.id for each in found.clusters] == ["c1", "c2", "c3", "c4"]
    assert [each.size for each in found.clusters] == sorted(
        (each.size for each in found.clusters), reverse=True
    )
    for cluster, subject in zip(found.clusters, SIZES, strict=True):
        assert set(cluster.label.replace(",", "").split()) <= set(SUBJECTS[subject])
        assert cluster.stability is not None
        assert cluster.stability > 0.8
        assert all(subject in example for example in cluster.examples)
    assert found.agreement is not None
    assert found.agreement > 0.9


def test_what_is_like_nothing_is_an_outlier() -> None:
    records, found = clustered(noise=0.4, strays=5)
    assert set(found.assignment[records.subjects < 0]) == {-1}


def test_the_same_records_give_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where only samples are looked at."""
    monkeypatch.setattr(module, "FIT_ON", 60)
    monkeypatch.setattr(layout, "PLACED", 60)
    records, found = clustered()
    again = clustered()[1]
    assert found.to_json() == again.to_json()
    assert adjusted_rand_score(records.subjects, found.assignment) > 0.9
    read = Clustering.from_json(found.to_json())
    assert read.to_json() == found.to_json()
    assert read.centroids.shape == found.centroids.shape


def test_the_map_keeps_subjects_together() -> None:
    records, found = clustered()
    assert found.places.shape == (140, 2)
    assert found.places.min() >= 0
    assert found.places.max() <= 1
    own = [found.places[records.subjects == subject] for subject in range(4)]
    within = np.mean([np.linalg.norm(each - each.mean(axis=0), axis=1).mean() for each in own])
    apart = np.linalg.norm(own[0].mean(axis=0) - own[1].mean(axis=0))
    assert within < apart / 2


def test_a_number_that_is_asked_for_is_kept_to() -> None:
    assert len(clustered(clusters=2)[1].clusters) == 2


@pytest.mark.parametrize("count", [0, 1, 3, 7])
def test_few_records_are_one_cluster(count: int) -> None:
    records = planted({"pumps": count})
    found = cluster_records(records.vectors, records.texts, ids=records.ids)
    assert [each.size for each in found.clusters] == ([count] if count else [])
    assert len(found.places) == count


def test_equal_vectors_and_texts_without_words() -> None:
    vectors = np.tile(np.eye(1, 8, dtype=np.float32), (40, 1))
    found = cluster_records(vectors, ["1 2 3"] * 40, ids=[f"kr_{n}" for n in range(40)])
    assert [(each.label, each.size) for each in found.clusters] == [("cluster 1", 40)]


@given(
    labels=st.lists(st.integers(-1, 6), max_size=40),
    min_size=st.integers(1, 5),
)
@settings(max_examples=50)
def test_groups_by_size_keep_who_is_with_whom(labels: list[int], min_size: int) -> None:
    before = np.array(labels, dtype=np.int64)
    after = by_size(before, min_size=min_size)
    sizes = np.bincount(after[after >= 0])
    assert sorted(sizes, reverse=True) == list(sizes)
    assert all(size >= min_size for size in sizes)
    kept = after >= 0
    for group in np.unique(after[kept]):
        assert len(np.unique(before[after == group])) == 1
    assert adjusted_rand_score(before[kept], after[kept]) == 1


@given(seed=st.integers(0, 1000), count=st.integers(1, 5))
@settings(max_examples=30)
def test_the_nearest_are_the_nearest(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    points = unit(random.normal(size=(12, 6)).astype(np.float32))
    numbers, cosines = nearest(points, points[:7], count=count)
    wanted = np.sort(points @ points[:7].T, axis=1)[:, ::-1][:, :count]
    assert np.allclose(cosines, wanted, atol=1e-6)
    assert np.allclose(
        np.take_along_axis(points @ points[:7].T, numbers, axis=1), wanted, atol=1e-6
    )


def test_overlap_and_middles() -> None:
    one, other = np.array([0, 0, 1, -1]), np.array([1, 1, 0, 0])
    assert overlap(one, other, count=2).tolist() == [[0, 1], [0.5, 0]]
    rows = np.array([[1, 0], [0, 1], [0, 1], [5, 5]], dtype=np.float32)
    assert np.allclose(middles(rows, one), [[2**-0.5, 2**-0.5], [0, 1]])
