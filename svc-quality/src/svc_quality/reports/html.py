"""The report of a judgement as one HTML file: no script, no request to anywhere, under 1 MB."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from shared_lib.charts import Pair, comparison_chart
from shared_lib.contracts.quality import CheckResult, CheckStatus, DriftMeasure, QualityReport
from svc_quality.reports.policy import content_security_policy, report_style

MARKS = {
    "passed": ("✓", "ok"),
    "warned": ("!", "warn"),
    "failed": ("✕", "bad"),
    "error": ("✕", "bad"),
}
SHOWN_RESULTS = 800
SHOWN_PICTURES = 40
SHOWN_EXAMPLES_CHARACTERS = 150_000
"""The worst comes first; what there is no room for is in the report as JSON."""


def render_report(report: QualityReport, *, title: str) -> str:
    """The HTML file.

    Args:
        report: what was found.
        title: what was judged, such as `sales v4`.
    """
    ordered = sorted(report.results, key=_urgency)
    return (
        _environment()
        .get_template("report.html")
        .render(
            report=report,
            title=title,
            results=ordered[:SHOWN_RESULTS],
            left_out=max(len(ordered) - SHOWN_RESULTS, 0),
            examples=_examples(ordered),
            pictures=_pictures(ordered),
            marks=MARKS,
            style=Markup(report_style()),  # noqa: S704 - our own file
            policy=content_security_policy(),
            counts={s.value: sum(r.status is s for r in report.results) for s in CheckStatus},
        )
    )


def _urgency(result: CheckResult) -> int:
    order = (CheckStatus.ERROR, CheckStatus.FAILED, CheckStatus.WARNED, CheckStatus.PASSED)
    return order.index(result.status)


def _pictures(results: list[CheckResult]) -> dict[str, Markup]:
    drawn = [each for each in results if each.drift and len(each.drift.bins) > 1][:SHOWN_PICTURES]
    return {each.id: _picture(each, each.drift) for each in drawn if each.drift}


def _examples(results: list[CheckResult]) -> set[str]:
    """Ids of the checks whose broken rows are shown."""
    room, shown = SHOWN_EXAMPLES_CHARACTERS, set()
    for each in results:
        room -= sum(len(str(value)) + 10 for row in each.examples for value in row.values())
        if room > 0:
            shown.add(each.id)
    return shown


def _picture(result: CheckResult, drift: DriftMeasure) -> Markup:
    before, now = (max(rows, 1) for rows in drift.rows)
    pairs = [
        Pair(label=each.label, before=each.reference / before, now=each.current / now)
        for each in drift.bins
    ]
    svg = comparison_chart(pairs, title=f"{result.id}: before and now", description=result.message)
    return Markup(svg)  # noqa: S704 - the chart escapes what it is given


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("svc_quality.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
