"""The next build says which clusters are new, grown, shrunk and gone."""

from functools import cache

from planted import SUBJECTS, planted

from svc_knowledgebase.clusters.changes import compare
from svc_knowledgebase.clusters.cluster import Clustering, cluster_records


def of(cluster_sizes: dict[str, int], *, start: int = 0) -> Clustering:
    return _of(tuple(cluster_sizes.items()), start)


@cache
def _of(sizes: tuple[tuple[str, int], ...], start: int) -> Clustering:
    records = planted(dict(sizes), noise=0.4, start=start)
    return cluster_records(records.vectors, records.texts, ids=records.ids)


def about(clustering: Clustering) -> dict[str, tuple[str, str, str | None]]:
    """Of each subject: the id of its cluster, its status, and what it was."""
    subjects = {word: subject for subject, words in SUBJECTS.items() for word in words}
    return {
        subjects[each.terms[0].term.split()[0]]: (each.id, each.status, each.was)
        for each in clustering.clusters
    }


def test_new_grown_shrunk_same_and_gone() -> None:
    before = of({"pumps": 40, "taxes": 30, "birds": 20, "music": 10})
    now = compare(before, of({"pumps": 20, "taxes": 30, "birds": 50, "ships": 25}))
    assert about(now) == {
        "birds": ("c3", "grown", "c3"),
        "taxes": ("c2", "same", "c2"),
        "ships": ("c5", "new", None),
        "pumps": ("c1", "shrunk", "c1"),
    }
    assert [(each.id, each.size) for each in now.gone] == [("c4", 10)]
    assert {each.id: each.size_before for each in now.clusters}["c3"] == 20
    assert now.compared

    # An id that was given once is not given again.
    later = compare(now, of({"pumps": 20, "taxes": 30, "birds": 50, "music": 12}))
    assert about(later)["music"] == ("c6", "new", None)


def test_records_that_are_all_new_are_told_by_their_middles() -> None:
    before = of({"pumps": 40, "taxes": 30, "birds": 20})
    now = compare(before, of({"pumps": 50, "taxes": 30, "music": 20}, start=1000))
    assert about(now) == {
        "pumps": ("c1", "grown", "c1"),
        "taxes": ("c2", "same", "c2"),
        "music": ("c4", "new", None),
    }
    assert [each.id for each in now.gone] == ["c3"]


def test_the_first_build_has_nothing_to_compare_with() -> None:
    first = of({"pumps": 40, "taxes": 30})
    assert compare(None, first) is first
    assert {each.status for each in first.clusters} == {"new"}
    assert not first.compared


def test_nothing_has_changed() -> None:
    one = of({"pumps": 40, "taxes": 30})
    again = compare(one, one)
    assert {each.status for each in again.clusters} == {"same"}
    assert again.gone == ()
    assert [each.id for each in again.clusters] == [each.id for each in one.clusters]


def test_everything_is_gone() -> None:
    now = compare(of({"pumps": 40, "taxes": 30}), of({}))
    assert now.clusters == ()
    assert [each.id for each in now.gone] == ["c1", "c2"]
