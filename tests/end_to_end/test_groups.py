"""A landed folder is embedded and grouped; its clusters and categories by command and on pages."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from shared_lib.testing.browser import assert_accessible
from shared_lib.testing.embeddings import embedding_endpoint
from shared_lib.testing.fleet import FleetUnderTest
from shared_lib.testing.waiting import wait_until

pytestmark = pytest.mark.long

SUBJECTS = {
    "pumps": "pump valve pressure impeller seal flow bearing",
    "taxes": "tax invoice deduction income receipt audit ledger",
    "birds": "bird feather nest migration wing egg song",
}
BASE = "/v1/knowledge-bases/book"


@pytest.fixture(scope="module")
def grouped_fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FleetUnderTest]:
    """The embedded fleet with a base that is grouped."""
    folder = tmp_path_factory.mktemp("grouped")
    words = random.Random(1)
    for subject, known in SUBJECTS.items():
        (folder / "docs" / subject).mkdir(parents=True)
        for number in range(12):
            text = " ".join(words.choices(known.split(), k=30))
            (folder / "docs" / subject / f"{number}.txt").write_text(f"{text} number {number}.")
    with embedding_endpoint() as endpoint:
        env = {
            "FLEET_EMBEDDINGS__PROVIDER": "openai",
            "FLEET_EMBEDDINGS__URL": endpoint.url,
            "FLEET_EMBEDDINGS__MODEL": endpoint.settings.model,
        }
        with FleetUnderTest(folder, env=env) as fleet:
            run(fleet, "kb", "create", "book", "--dataset", "docs")
            run(fleet, "push", str(folder / "docs"), "--documents")
            wait_until(lambda: _is_grouped(fleet), timeout_s=60, what="the groups")
            yield fleet


def _is_grouped(fleet: FleetUnderTest) -> bool:
    with fleet.client() as client:
        build = client.get(BASE).json()["current_build"]
    return bool(build["grouping"] and build["grouping"]["state"] == "succeeded")


def run(fleet: FleetUnderTest, *words: str) -> subprocess.CompletedProcess[str]:
    ended = subprocess.run(
        [str(Path(sys.executable).with_name("fleet")), *words],
        capture_output=True,
        text=True,
        env=os.environ | {"FLEET_SERVER": fleet.address, "FLEET_KEY": fleet.key},
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, f"{words}\n{ended.stdout}{ended.stderr}"
    return ended


def test_the_commands(grouped_fleet: FleetUnderTest, tmp_path: Path) -> None:
    shown = run(grouped_fleet, "kb", "clusters", "book")
    assert "3 clusters" in shown.stderr
    records = run(grouped_fleet, "kb", "clusters", "book", "--records", "c1").stdout
    assert records.count(".txt") == 12
    about = json.loads(run(grouped_fleet, "kb", "categories", "book", "--json").stdout)
    assert {each["id"] for each in about["categories"]} == set(SUBJECTS)
    listed = tmp_path / "list.csv"
    rows = "".join(f'{name},{name},"{words}"\n' for name, words in SUBJECTS.items())
    listed.write_text(f"id,label,description\n{rows}")
    assert "pumps" in run(grouped_fleet, "kb", "taxonomy", "book", str(listed)).stdout
    told = run(grouped_fleet, "kb", "categories", "book").stderr
    assert "too few records are labelled" in told
    run(grouped_fleet, "kb", "taxonomy", "book", "--folders")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_are_accessible_and_fit(
    page: Page, grouped_fleet: FleetUnderTest, theme: str
) -> None:
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # both are schemes
    page.goto(f"{grouped_fleet.address}/login")
    page.get_by_label("Key").fill(grouped_fleet.key)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", level=1, name="Drop a file").wait_for()
    with grouped_fleet.client() as client:
        record = client.get(f"{BASE}/records", params={"cluster": "c1"}).json()["items"][0]["id"]
    for end in ("clusters", "clusters/c1", "clusters/none", "categories",
                "categories?category=pumps", f"records/{record}"):  # fmt: skip
        answer = page.goto(f"{grouped_fleet.address}/knowledge/book/{end}")
        assert answer is not None
        assert answer.ok, end
        assert len(answer.body()) <= 150_000
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert overflow <= 0, f"{end} is {overflow} px too wide at {width}"
            assert_accessible(page)
    page.goto(f"{grouped_fleet.address}/knowledge/book/clusters")
    page.locator("svg.map a").first.click()
    page.wait_for_url("**/clusters/c*")
    page.goto(f"{grouped_fleet.address}/knowledge/book?q=number&category=birds")
    assert page.get_by_text("12 records").is_visible()
