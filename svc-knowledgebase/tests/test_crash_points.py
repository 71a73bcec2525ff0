"""Every point where a child is stopped in tests is stopped at in one: none can be forgotten."""

import re
from pathlib import Path

SERVICE = Path(__file__).parents[1]
POINT = re.compile(r"crash_point\(\s*\"([a-z_.]+)\"")


def test_every_durable_step_is_cut_off_somewhere() -> None:
    sources = (SERVICE / "src").rglob("*.py")
    points = {name for path in sources for name in POINT.findall(path.read_text("utf-8"))}
    tests = [path.read_text("utf-8") for path in (SERVICE / "tests").rglob("test_*.py")]
    assert len(points) >= 5
    assert not {point for point in points if not any(f'"{point}"' in test for test in tests)}
