"""Clusters and categories as they are drawn and told. Pure."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from shared_lib.charts import CurvePlace, PointGroup, point_map, share_curve

Json = Mapping[str, Any]

SHORT = 24
BADGES = {
    "new": ("ok", "+", "new"),
    "grown": ("ok", "↑", "grown"),
    "shrunk": ("warn", "↓", "shrunk"),
    "same": ("queued", "=", "as before"),
    "gone": ("bad", "−", "gone"),
}


def draw_map(found: Json, places: Json, *, base: str) -> Markup:
    """The map of a base's records by cluster."""
    points = places["points"]
    groups = [
        PointGroup(
            number=number,
            name=shortened(each),
            said=f"{each['label']}: {each['size']:,} records",
            href=f"/knowledge/{base}/clusters/{each['id']}",
            points=points[each["id"]],
        )
        for number, each in enumerate(found["clusters"], start=1)
        if each["id"] in points
    ]
    drawn = point_map(
        groups,
        others=points.get("", []),
        title="Records on a map",
        description=f"{places['drawn']:,} records; those alike lie near one another. The same "
        "clusters are in the table below.",
    )
    return Markup(drawn)  # noqa: S704 - the chart escapes what it is given


def shortened(cluster: Json) -> str:
    """As many of its first words as fit on the map."""
    words = [str(each["term"]) for each in cluster["terms"]] or [str(cluster["label"])]
    kept = words[0][:SHORT]
    for word in words[1:3]:
        if len(kept) + len(word) + 2 > SHORT:
            break
        kept += f", {word}"
    return kept


def note_of(cluster: Json | None, *, outliers: int) -> str:
    """A sentence on one cluster, or on what is in none."""
    if cluster is None:
        return f"{outliers:,} records that are far less like any cluster than its records are."
    parts = [f"{cluster['size']:,} records"]
    if cluster["size_before"] is not None:
        parts.append(f"{cluster['size_before']:,} in the build before")
    if cluster["stability"] is not None:
        parts.append(f"comes again to {cluster['stability']:.0%} when parts are grouped anew")
    return ", ".join(parts) + "."


def quality_of(found: Json) -> dict[str, Json]:
    """Precision and recall by the id of the category."""
    report = found["report"]
    return {each["id"]: each for each in report["categories"]} if report else {}


def draw_report(report: Json) -> tuple[Markup, Markup]:
    """Precision by coverage, and what came true of scores."""
    points = report["curve"]
    places = [
        CurvePlace(
            x=each["coverage"],
            y=each["precision"],
            said=f"margin {each['margin']:g}: {each['coverage']:.0%} of the records are given a "
            f"category, {each['precision']:.1%} of these the right one",
        )
        for each in points
    ]
    nearest = min(range(len(points)), key=lambda n: abs(points[n]["margin"] - report["margin"]))
    curve = share_curve(
        places,
        axes=("records given a category", "of these right"),
        title="Precision by coverage",
        description="The more the best category must lead, the fewer records are given one, and "
        "the more of them the right one. The bigger dot is the margin in force.",
        marked=nearest,
    )
    scores = [
        CurvePlace(
            x=each["score"],
            y=each["accuracy"],
            said=f"{each['count']:,} records with a mean score of {each['score']:.2f}: "
            f"{each['accuracy']:.0%} right",
        )
        for each in report["reliability"]
    ]
    truth = share_curve(
        scores,
        axes=("score", "came true"),
        title="What came true of scores",
        description="On the broken line a score is the share of records that are right.",
        ideal=True,
    )
    # The charts escape what they are given.
    return Markup(curve), Markup(truth)  # noqa: S704 - see the line above
