"""A report's picture: an SVG file that stands alone, and the same as PNG."""

import base64
import hashlib

from shared_lib.charts import Bar, Interval, bar_chart, interval_chart
from shared_lib.console.formats import format_bytes, format_duration
from shared_lib.contracts.models import Comparison
from shared_lib.contracts.reports import ReportFacts
from shared_lib.contracts.training import StageView

STYLE = (
    ".paper{fill:#fff}.series-1{fill:#0a5fb4}.hit{fill:transparent}.axis{fill:#56606b;"
    "font:11px Roboto,system-ui,sans-serif}.axis-line{stroke:#d5dbe1}.edge{stroke:#1b2129;"
    "stroke-width:1.5;fill:none}"
)
"""Of the pages' light theme, on white paper: a comment may be read in either."""

_SCALE = 2.0
_MOST_BARS = 40
_STANDARD = 'class="chart" viewBox="0 0 '


def content_security_policy() -> str:
    """What the SVG may do when it is opened by itself: show its own style, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def draw(facts: ReportFacts) -> str:
    """What says most: the interval that decided, else what the stages took, else the savings."""
    if facts.comparison is not None:
        return _standing_alone(_interval(facts.comparison, facts))
    if any(stage.seconds for stage in facts.stages):
        return _standing_alone(_stages(facts.stages))
    return _standing_alone(_savings(facts))


def to_png(svg: str) -> bytes:
    """The same as PNG, twice as large.

    Only for a job child: the renderer is a large library. The drawing names no address and no
    file, so nothing is fetched for it.
    """
    import vl_convert  # noqa: PLC0415 - see above

    png: bytes = vl_convert.svg_to_png(svg, scale=_SCALE)
    return png


def _interval(found: Comparison, facts: ReportFacts) -> str:
    middle = found.challenger_loss - found.champion_loss
    said = (
        f"The mean loss of v{facts.version} minus that of champion v{found.champion_version}, with "
        f"95 % confidence between {found.low:.4g} and {found.high:.4g}; better is all of it below "
        f"{found.margin:.4g}."
    )
    return interval_chart(
        Interval(
            low=found.low,
            middle=middle,
            high=found.high,
            bound=found.margin,
            shown=(f"{found.low:+.3g}", f"{found.high:+.3g}", f"better: below {found.margin:.3g}"),
        ),
        title="Difference of the mean losses",
        description=said,
    )


def _stages(stages: list[StageView]) -> str:
    bars = [
        Bar(stage.name, stage.seconds or 0.0, format_duration(stage.seconds or 0.0))
        for stage in stages[:_MOST_BARS]
    ]
    said = ", ".join(f"{bar.label} {bar.shown}" for bar in bars)
    return bar_chart(bars, title="What the stages took", description=said)


def _savings(facts: ReportFacts) -> str:
    found = facts.savings
    amounts = {"as it came": found.bytes_before, "as Parquet": found.bytes_after} if found else {}
    bars = [Bar(label, amount, format_bytes(amount)) for label, amount in amounts.items()]
    said = ", ".join(f"{bar.label} {bar.shown}" for bar in bars) or "The sizes are not known."
    return bar_chart(bars, title="Bytes of the table", description=said)


def _standing_alone(chart: str) -> str:
    """A chart with its size, its namespace, its style and paper behind it."""
    width, height = chart.partition(_STANDARD)[2].split('"')[0].split()
    opened, _, rest = chart.partition(">")
    size = f'xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
    paper = f'<rect class="paper" width="{width}" height="{height}"/>'
    return f"{opened} {size}><style>{STYLE}</style>{paper}{rest}"
