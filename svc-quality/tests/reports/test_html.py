"""The report is one small file that a strict policy lets a browser show."""

import html
from pathlib import Path

import numpy as np
from playwright.sync_api import ConsoleMessage, Page
from quality_tables import NOW, judged, sales, suite, table

from svc_quality.checks.engine import judge
from svc_quality.reports.html import render_report


def test_a_report_of_many_columns_stays_small(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    wide = {f"column_{n}": rng.normal(0, 1, 500) for n in range(200)}
    moved = {name: values + 1 for name, values in wide.items()}
    text = render_report(
        judged(
            table(tmp_path, moved),
            {"check": "drift"},
            *({"check": "range", "column": name, "max": 0} for name in wide),
            reference=table(tmp_path, wide, name="reference"),
        ),
        title="wide",
    )
    assert len(text.encode()) < 1_000_000
    assert text.count("<svg") == 40


def test_values_of_a_table_cannot_become_markup(tmp_path: Path) -> None:
    attack = "<script>alert(1)</script>"
    text = render_report(
        judged(
            table(tmp_path, {attack: [attack, "b"]}),
            {"check": "values", "column": attack, "values": ["b"]},
        ),
        title=attack,
    )
    assert "<script" not in text
    assert html.escape(attack) in text


def test_a_browser_shows_it_without_a_complaint(tmp_path: Path, page: Page) -> None:
    reference = table(tmp_path, sales(3000, seed=1), name="reference")
    shifted = table(tmp_path, sales(3000, seed=2, shift=0.5), name="shifted")
    wanted = suite({"check": "drift"}, {"check": "nulls", "column": "city"})
    report = judge(shifted, suite=wanted, now=NOW, reference=reference)
    file = tmp_path / "report.html"
    file.write_text(render_report(report, title="sales v2"), encoding="utf-8")
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        complaints.append(message.text)

    page.on("console", note)
    page.goto(file.as_uri())

    assert complaints == []
    assert page.get_by_role("heading", name="sales v2").is_visible()
    assert page.get_by_role("heading", name="Failed").is_visible()
    picture = page.locator("svg.chart").first
    assert picture.is_visible()
    colour = picture.locator(".series-1").first.evaluate("e => getComputedStyle(e).fill")
    assert colour == "rgb(10, 95, 180)"
