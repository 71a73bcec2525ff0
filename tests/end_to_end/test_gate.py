"""The gate as a user meets it, a good file, a suite of it, a drifted file, why."""

import json
import random
from pathlib import Path

from fleet_command import Run
from playwright.sync_api import Page


def write_sales(path: Path, *, seed: int, mean: float = 50.0) -> None:
    """A thousand sales."""
    draw = random.Random(seed)
    lines = [
        f"{seed}-{row},{draw.gauss(mean, 8):.2f},{draw.choice(('Berlin', 'Ulm'))}"
        for row in range(1000)
    ]
    path.write_text("id,amount,city\n" + "\n".join(lines) + "\n")


def test_a_drifted_file_is_held_back_explained_and_overridden(run: Run, tmp_path: Path) -> None:
    write_sales(tmp_path / "good.csv", seed=1)
    write_sales(tmp_path / "next.csv", seed=2)
    write_sales(tmp_path / "drifted.csv", seed=3, mean=70)
    run("push", "good.csv", "--dataset", "gated")
    assert "gated v1  gated" in run("suite", "infer", "--dataset", "gated").stdout

    passed = run("push", "next.csv", "--dataset", "gated")
    assert "✓ passed" in passed.stdout
    held = run("push", "drifted.csv", "--dataset", "gated", code=3)
    assert "✕ failed" in held.stdout
    assert "gate_failed" in held.stdout
    assert "standard deviations" in held.stdout

    shown = run("quality", "show", code=3)
    assert "failed\tdrift:amount\t" in shown.stdout
    judgement = json.loads(run("quality", "show", "--json", code=3).stdout)
    assert judgement["verdict"] == "failed"
    flow_id = judgement["flow_id"]
    assert json.loads(run("flow", "show", flow_id, "--json").stdout)["state"] == "failed"
    page = run("quality", "report", "--to", "report.html")
    assert page.stdout.strip() == "report.html"
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")

    reason = "Prices were raised this week; agreed."
    after = run("quality", "override", judgement["id"], "--reason", reason)
    assert "! warned" in after.stdout

    def state() -> str:
        return str(json.loads(run("flow", "show", flow_id, "--json").stdout)["state"])

    run("flow", "watch", flow_id)
    assert state() == "succeeded"


def test_a_suite_can_be_changed_as_a_file(run: Run, tmp_path: Path) -> None:
    write_sales(tmp_path / "sales.csv", seed=4)
    (tmp_path / "suite.yaml").write_text("name: mine\nchecks:\n- {check: rows, min: 2000}\n")
    run("suite", "push", "suite.yaml", "--dataset", "edited")
    run("push", "sales.csv", "--dataset", "edited", code=3)

    written = run("suite", "show", "mine").stdout
    (tmp_path / "suite.yaml").write_text(written.replace("2000", "1000"))
    assert "mine v2" in run("suite", "push", "suite.yaml", "--dataset", "edited").stdout
    run("push", "sales.csv", "--dataset", "edited")
    listed = run("suite", "list", "--dataset", "edited").stdout
    assert "mine\tedited\t2\t1" in listed
    (tmp_path / "bad.yaml").write_text("name: mine\nchecks:\n- {check: range, column: a}\n")
    refused = run("suite", "push", "bad.yaml", "--dataset", "edited", code=1)
    assert "checks.0" in refused.stderr


def test_the_flow_page_shows_the_verdict_and_leads_to_the_report(
    run: Run, tmp_path: Path, signed_in: Page
) -> None:
    page = signed_in
    write_sales(tmp_path / "a.csv", seed=5)
    write_sales(tmp_path / "b.csv", seed=6, mean=90)
    run("push", "a.csv", "--dataset", "seen")
    run("suite", "infer", "--dataset", "seen")
    run("push", "b.csv", "--dataset", "seen", code=3)
    page.get_by_role("link", name="Flows", exact=True).first.click()
    page.get_by_role("link", name="seen v2").click()

    assert page.get_by_text("The quality gate failed").first.is_visible()
    page.get_by_role("link", name="report", exact=True).click()
    page.get_by_role("heading", name="seen v2").wait_for()
    assert page.locator("svg.chart").first.is_visible()
    size = page.locator("h2").first.evaluate("e => getComputedStyle(e).fontSize")
    assert size == "19px", "the report's own style is allowed by its policy"
