"""A real Chromium: pages must be free of console errors, and of accessibility violations."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
ARGUMENTS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def find_chromium(bundled: str) -> str:
    """`$CHROMIUM`, Chromium on the path, or Playwright's own download.

    Raises:
        RuntimeError: none is there; says how to get one.
    """
    named = os.environ.get("CHROMIUM")
    candidates = [named] if named else [*map(shutil.which, NAMES), bundled]
    for candidate in candidates:
        if candidate and os.access(candidate, os.X_OK):
            return candidate
    raise RuntimeError(
        "No Chromium was found. Install it (Debian: `apt-get install chromium`), or run "
        "`.venv/bin/playwright install chromium`, or point $CHROMIUM at one."
    )


@contextmanager
def chromium() -> Iterator["Browser"]:
    """A headless browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = find_chromium(playwright.chromium.executable_path)
        # Chromium refuses its own sandbox to root, which is who tests are in containers.
        arguments = [*ARGUMENTS, *(["--no-sandbox"] if os.getuid() == 0 else [])]
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


def assert_accessible(page: "Page") -> None:
    """Fail with axe's findings: WCAG 2.2 A and AA, and best practice."""
    from axe_playwright_python.sync_playwright import Axe

    results = Axe().run(page, options={"runOnly": {"type": "tag", "values": AXE_TAGS}})
    if results.violations_count:
        raise AssertionError(f"{page.url}\n{results.generate_report()}")
