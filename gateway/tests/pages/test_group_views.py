"""What is drawn and told of groups."""

from typing import Any

from gateway.pages.group_views import draw_map, draw_report, note_of, quality_of, shortened


def cluster(name: str, *terms: str, **more: Any) -> dict[str, Any]:
    given = {"label": ", ".join(terms[:3]) or name, "size": 1200, "stability": 0.9,
             "size_before": None}  # fmt: skip
    return {"id": name, "terms": [{"term": each} for each in terms], **given, **more}


def test_the_map_leads_to_its_clusters() -> None:
    found = {"clusters": [cluster("c1", "a<b", "valve"), cluster("c2", "tax"), cluster("c9")]}
    places = {"drawn": 3, "points": {"c1": [[0, 0]], "c2": [[1, 1]], "": [[0.5, 0.5]]}}
    drawn = draw_map(found, places, base="book")
    assert 'href="/knowledge/book/clusters/c1"' in drawn
    assert "a&lt;b, valve: 1,200 records" in drawn
    assert "c9" not in drawn, "none of its records is in the sample"
    assert drawn.count("<path") == 3


def test_names_are_short() -> None:
    assert shortened(cluster("c1", "pressure", "valve", "impeller", "seal")) == "pressure, valve"
    assert shortened(cluster("c1", "x" * 50)) == "x" * 24
    assert shortened(cluster("c1")) == "c1"


def test_a_cluster_in_a_sentence() -> None:
    known = cluster("c1", "a", size_before=1000)
    assert note_of(known, outliers=3) == (
        "1,200 records, 1,000 in the build before, comes again to 90% when parts are grouped anew."
    )
    assert note_of(None, outliers=3).startswith("3 records that are")


def test_the_report_is_drawn_with_its_margin() -> None:
    curve = [
        {"margin": 0.0, "coverage": 1.0, "precision": 0.8},
        {"margin": 0.3, "coverage": 0.7, "precision": 0.95},
    ]
    told = [{"score": 0.9, "accuracy": 0.88, "count": 1000}]
    report = {"margin": 0.3, "curve": curve, "reliability": told, "categories": [{"id": "a"}]}
    by_margin, truth = draw_report(report)
    assert "margin 0.3: 70% of the records are given a category, 95.0% of these" in by_margin
    assert by_margin.count("series-2") == 1
    assert "1,000 records with a mean score of 0.90: 88% right" in truth
    assert quality_of({"report": report}) == {"a": {"id": "a"}}
    assert quality_of({"report": None}) == {}
