"""Sample data for `fleet demo`: homes with a price, the same for the same seed everywhere."""

import csv
import random
from pathlib import Path

LABEL = "price"
FEATURES = ("size", "rooms", "district")
_DISTRICTS = {"old town": 90.0, "harbour": 60.0, "garden": 30.0, "far out": 0.0}


def write_homes(path: Path, *, rows: int, seed: int, larger_by: float = 0.0) -> None:
    """Write a CSV of `rows` homes: id, size (m²), rooms, district, price (thousands).

    Args:
        path: of the file.
        rows: homes in it.
        seed: of all that is drawn.
        larger_by: by how many square metres homes are larger than usual: what a gate calls drift.
    """
    draw = random.Random(seed)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", *FEATURES, LABEL])
        for number in range(rows):
            size = max(20.0, draw.gauss(95 + larger_by, 22))
            rooms = max(1, round(size / 28 + draw.gauss(0, 0.6)))
            district = draw.choice(list(_DISTRICTS))
            price = 2.8 * size + 11 * rooms + _DISTRICTS[district] + draw.gauss(0, 12)
            writer.writerow([f"{seed}-{number}", f"{size:.1f}", rooms, district, f"{price:.1f}"])
