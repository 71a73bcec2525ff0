"""A build's groups as files: read back whole, the same bytes each time, compared with before."""

from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from planted import SUBJECTS, Planted, embed, planted

from svc_knowledgebase.categories.assign import CATEGORIES
from svc_knowledgebase.categories.ranking import describe_column, middle, rank
from svc_knowledgebase.clusters.cluster import CLUSTERS
from svc_knowledgebase.graph.groups import read_categories, read_clusters
from svc_knowledgebase.grouping.group import Grouped, group_records
from svc_knowledgebase.grouping.labels import LABELS, LabelledCategory, open_labels

NAMES = list(SUBJECTS)
SIZES = {"pumps": 30, "taxes": 20, "birds": 15}


def records_of(records: Planted) -> list[dict[str, Any]]:
    return [
        {
            "id": name,
            "document_id": f"kd_{number // 2}",
            "text": text,
            "subfolders": [NAMES[subject]] if subject >= 0 else [],
        }
        for number, (name, text, subject) in enumerate(
            zip(records.ids, records.texts, records.subjects, strict=True)
        )
    ]


def grouped(folder: Path, records: Planted, **more: Any) -> Grouped:
    folder.mkdir(exist_ok=True)
    return group_records(folder, records_of(records), records.vectors, embed=embed, **more)


def test_groups_are_written_and_read(tmp_path: Path) -> None:
    records = planted(SIZES, noise=0.4, strays=3)
    found = grouped(tmp_path / "one", records)
    again = grouped(tmp_path / "two", records)
    assert set(found.files) == {CLUSTERS, CATEGORIES, LABELS}
    for name, place in found.files.items():
        assert place.read_bytes() == again.files[name].read_bytes(), name
    assert found.told() == "3 clusters, 4 records in none; 65 of 68 records in 3 categories"

    read = orjson.loads(found.files[CLUSTERS].read_bytes())
    given = orjson.loads(found.files[CATEGORIES].read_bytes())["assignment"]
    assert len(read["assignment"]) == len(read["map"]) == len(given) == 68
    # The graph reads the same files with code of its own.
    clusters = read_clusters(found.files[CLUSTERS].read_bytes())
    categories = read_categories(found.files[CATEGORIES].read_bytes())
    assert clusters.of(0) == (("c1", None),)
    assert categories.of(0)[0][0] == "pumps"
    assert sum(bool(clusters.of(number)) for number in range(68)) == 64
    with open_labels(found.files[LABELS]) as labels:
        assert [each["id"] for each in labels.clusters()] == ["c1", "c2", "c3"]
        assert labels.fact("outliers") == 4
        assert labels.fact("no such fact") is None
        assert labels.members(cluster="c1", category=None, after=28, limit=9) == [29, 30]
        assert labels.members(cluster=None, category="birds", after=0, limit=2) == [51, 52]
        first = labels.of(1)
        assert first is not None
        assert (first.cluster, first.category) == ("c1", "pumps")
        assert [first.x, first.y] == read["map"][0]
        assert first.score == given[0][0]["score"]
        assert labels.of(69) is None
        total, places = labels.places(most=20)
        assert total == 68
        assert 5 < len(places) <= 20
        assert len(labels.places(most=68)[1]) == 68


def test_the_build_before_is_compared_with(tmp_path: Path) -> None:
    first = grouped(tmp_path / "one", planted(SIZES, noise=0.4))
    before = first.files[CLUSTERS].read_bytes()
    more = planted({**SIZES, "birds": 30, "music": 12}, noise=0.4)
    second = grouped(tmp_path / "two", more, before=before)
    assert "4 clusters (1 new, 2 grown, 0 shrunk, 0 gone)" in second.told()


def test_without_folders_there_are_no_categories(tmp_path: Path) -> None:
    records = planted({"pumps": 12}, noise=0.4)
    found = grouped(tmp_path / "one", records)
    assert set(found.files) == {CLUSTERS, LABELS}
    with open_labels(found.files[LABELS]) as labels:
        assert labels.categories() == []


def test_a_few_vectors_are_ranked_as_many_are(tmp_path: Path) -> None:
    """The API's own arithmetic against that of the job."""
    records = planted(SIZES, noise=2.0)
    found = grouped(tmp_path / "one", records).categorised
    assert found is not None
    with open_labels(tmp_path / "one" / LABELS) as labels:
        categories = labels.categories()
        rule = labels.fact("rule")
    for row, place, score in zip(records.vectors, found.assignment, found.scores, strict=True):
        name, best = rank(row.tolist(), categories, **rule)
        assert name == (found.categories[place].id if place >= 0 else None)
        assert best[0][1] == pytest.approx(score, abs=1e-4)
        assert sum(share for _, share in best) == pytest.approx(1)


def test_a_column_in_words_and_a_middle() -> None:
    assert describe_column("net_price", "decimal", ["1.5", "", "1.5", "2"]) == (
        "net price (decimal): 1.5, 2"
    )
    assert describe_column("a", None, []) == "a"
    assert np.allclose(middle([[1, 0], [0, 1]]), [2**-0.5, 2**-0.5])
    assert middle([[1, 0], [-1, 0]]) == [0, 0]
    only = LabelledCategory({"id": "a"}, [1.0, 0.0])
    assert rank([1.0, 0.0], [only], sharpness=1, margin=0.5, floor=0.9) == ("a", [("a", 1.0)])
