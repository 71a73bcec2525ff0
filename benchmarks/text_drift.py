"""Drift of texts: false alarms, and how large a share of other texts is found, on real sentences.

    python benchmarks/text_drift.py [--pairs 200] [--rows 500]

The texts are what the modules of Python's standard library say of their functions and classes; the
others are tkinter's. Each pair is two tables of different texts, the second with a share of others,
judged by the check as it is by default. The packaged model embeds each text once; its environment
is the one beside this Python.
"""

import argparse
import ast
import statistics
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from shared_lib.contracts.quality import CheckResult
from shared_lib.contracts.suites import Suite
from shared_lib.embeddings.contract import Vectors
from shared_lib.embeddings.opening import open_embedder
from shared_lib.embeddings.settings import EmbeddingSettings
from svc_quality.checks.engine import judge
from svc_quality.checks.table import Table

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OTHER = "tkinter"
LEFT_OUT = {"site-packages", "dist-packages", "test", "tests", "idlelib", "lib2to3"}
SHORTEST, LONGEST = 30, 300
SHARES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)


def documented(path: Path) -> list[str]:
    """The first paragraphs of a module's documentation strings."""
    nodes = ast.walk(ast.parse(path.read_text("utf-8", errors="replace")))
    described = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    said = [ast.get_docstring(node) or "" for node in nodes if isinstance(node, described)]
    return [" ".join(each.split("\n\n")[0].split())[:LONGEST] for each in said]


def collected() -> tuple[list[str], list[str]]:
    """Different texts of the library, and of the part that stands for something else."""
    root = Path(sysconfig.get_path("stdlib"))
    sides: tuple[dict[str, None], dict[str, None]] = ({}, {})
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).parts
        if not LEFT_OUT & set(parts):
            texts = [each for each in documented(path) if len(each) >= SHORTEST]
            sides[parts[0] == OTHER].update(dict.fromkeys(texts))
    return list(sides[0]), [text for text in sides[1] if text not in sides[0]]


class Known:
    """Vectors of all texts, made once."""

    def __init__(self, texts: list[str], folder: Path) -> None:
        environments = Path(sys.prefix) / "envs"
        embedder = open_embedder(EmbeddingSettings(), environments=environments, cache=folder)
        self._vectors = embedder.embed(texts)
        self._place = {text: number for number, text in enumerate(texts)}
        embedder.close()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """What is known of the texts."""
        found: Vectors = self._vectors[[self._place[text] for text in texts]]
        return found


def judged(sides: tuple[list[str], list[str]], *, known: Known, folder: Path) -> CheckResult:
    """What the check finds of a pair."""
    tables = []
    for number, texts in enumerate(sides):
        path = folder / f"{number}.parquet"
        pl.DataFrame({"text": texts}).write_parquet(path)
        tables.append(Table.scan([path]))
    check = {"check": "text_drift", "columns": ["text"], "rows": len(sides[0])}
    suite = Suite.model_validate({"name": "texts", "checks": [check]})
    (result,) = judge(
        tables[1], suite=suite, now=NOW, reference=tables[0], embed=known.embed
    ).results
    return result


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--rows", type=int, default=500)
    given = parser.parse_args()
    usual, other = collected()
    print(f"{len(usual)} texts, {len(other)} others; pairs of {given.rows}\n")
    print(
        "| others | pairs | passed | warned | failed | median effect |\n|---|---|---|---|---|---|"
    )
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        known = Known([*usual, *other], folder)
        rng = np.random.default_rng(20_261_125)
        for share in SHARES:
            pairs = given.pairs if share == 0 else max(given.pairs // 5, 1)
            results = []
            for _ in range(pairs):
                drawn = [str(text) for text in rng.choice(usual, 2 * given.rows, replace=False)]
                strange = min(round(share * given.rows), len(other))
                mixed = [str(text) for text in rng.choice(other, strange, replace=False)]
                now = [*mixed, *drawn[given.rows : 2 * given.rows - strange]]
                sides = (drawn[: given.rows], now)
                results.append(judged(sides, known=known, folder=folder))
            ended = [sum(each.status == name for each in results) for name in
                     ("passed", "warned", "failed")]  # fmt: skip
            effect = statistics.median(each.drift.effect for each in results if each.drift)
            counts = " | ".join(str(number) for number in (pairs, *ended))
            print(f"| {share:.0%} | {counts} | {effect:.3f} |", flush=True)


if __name__ == "__main__":
    main()
