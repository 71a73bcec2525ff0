"""The profile's page stays small, whatever the profile."""

from typing import Any

from gateway.pages.rendering import _environment
from gateway.pages.table_views import describe_column
from gateway.pages.tables import PROFILED_COLUMNS

MOST = 300_000


def column(number: int) -> dict[str, Any]:
    """A column with everything a column can have, as long as it can be."""
    long = f"<{number}&'" + "ä" * 196
    return {
        "name": long[:100],
        "type": "string",
        "nulls": 10**9,
        "distinct": 10**9,
        "distinct_exact": False,
        "min": long,
        "max": long,
        "mean": 1 / 3,
        "deviation": 1e300,
        "quantiles": [{"q": q / 100, "value": long} for q in (1, 5, 25, 50, 75, 95, 99)],
        "quantiles_exact": False,
        "top": [{"value": long, "count": 10**9}] * 10,
        "top_exact": False,
        "histogram": [{"low": -1e300 / 3, "high": 1e300 / 3, "count": 10**9}] * 20,
        "lengths": {"min": 0, "mean": 1 / 3, "max": 10**9},
        "meaning": {"kind": "free_text", "personal": True, "reason": "r" * 200},
    }


def test_the_largest_page_is_below_its_limit() -> None:
    columns = [column(number) for number in range(PROFILED_COLUMNS)]
    html = (
        _environment()
        .get_template("profile.html")
        .render(
            heading="x",
            theme=None,
            path="/",
            principal=None,
            cli=None,
            json_path=None,
            refresh_s=None,
            table={"id": "tb_1", "name": "x"},
            profile={"rows": 10**10, "columns": columns, "sample_rows": 20_000},
            cards=[describe_column(each, rows=10**10) for each in columns],
            start=0,
            before=None,
            after=None,
        )
    )
    assert len(html.encode()) < MOST
    assert html.count("<svg") >= PROFILED_COLUMNS
    assert "<0&" not in html
