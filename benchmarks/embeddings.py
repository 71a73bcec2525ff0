"""Embeddings: what each precision costs, and what a graph of vectors finds, on real sentences.

    python benchmarks/embeddings.py [FOLDER] [--sentences 100000] [--rounds 3]

FOLDER holds text or HTML; left out, it is the documentation of Python, as Debian's package
python3.11-doc has it. Precisions take turns in the same run on the same texts, each in a process of
its own; what is compared is the median, beside how many of the ten nearest neighbours stay those of
float32. The graph is asked for the neighbours of sentences that it does not hold; numpy, which
compares all, says which are right.
"""

import argparse
import random
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from retrieval import documents
from selectolax.lexbor import LexborHTMLParser

from shared_lib.embeddings.contract import Embedder, Vectors
from shared_lib.embeddings.ml.encoder import overlap
from shared_lib.embeddings.opening import open_embedder
from shared_lib.embeddings.settings import EmbeddingSettings, Precision
from svc_knowledgebase.embedding.nearest import GRAPH, VECTORS, VectorFiles, write_graph

TIMED = 500
ASKED = 200
BEST = 10
SHORTEST, LONGEST = 30, 300
SEED = 20_261_125
PRECISIONS: tuple[Precision, ...] = ("fp32", "bf16", "int8")


def sentences(folder: Path, *, most: int) -> list[str]:
    """Different sentences of a folder's documents, in an order that a seed tells."""
    found = dict[str, None]()
    for path in sorted(folder.rglob("*")):
        if path.suffix not in (".html", ".txt", ".md", ".rst") or not path.is_file():
            continue
        text = path.read_text("utf-8", errors="replace")
        if path.suffix == ".html":
            text = LexborHTMLParser(text).text(separator=" ")
        for each in re.split(r"(?<=[.!?:])\s+", " ".join(text.split())):
            if SHORTEST <= len(each) <= LONGEST:
                found[each] = None
    chosen = list(found)
    random.Random(SEED).shuffle(chosen)
    return chosen[:most]


def opened(precision: Precision, folder: Path) -> Embedder:
    """The packaged model, from the environment beside this Python."""
    settings = EmbeddingSettings(precision=precision)
    return open_embedder(settings, environments=Path(sys.prefix) / "envs", cache=folder)


def precisions(texts: list[str], folder: Path, *, rounds: int) -> None:
    """Time each precision in turns."""
    models = {precision: opened(precision, folder) for precision in PRECISIONS}
    vectors = {name: model.embed(texts) for name, model in models.items()}
    spent: dict[Precision, list[float]] = {name: [] for name in models}
    for _ in range(rounds):
        for name, model in models.items():
            begun = time.perf_counter()
            model.embed(texts)
            spent[name].append(time.perf_counter() - begun)
    for model in models.values():
        model.close()
    print("| precision | sentences/s | against fp32 | same ten neighbours |\n|---|---|---|---|")
    slow = statistics.median(spent["fp32"])
    for precision, seconds in spent.items():
        median = statistics.median(seconds)
        same = overlap(vectors["fp32"], vectors[precision])
        print(f"| {precision} | {len(texts) / median:.0f} | {slow / median:.2f} | {same:.3f} |")


def embedded(texts: list[str], folder: Path) -> Vectors:
    """All of them, in the precision that this machine is best at."""
    model = opened("auto", folder)
    parts = [model.embed(texts[at : at + 2048]) for at in range(0, len(texts), 2048)]
    model.close()
    return np.concatenate(parts)


def graph(vectors: Vectors, folder: Path) -> None:
    """Ask the graph and numpy the same."""
    held, asked = vectors[ASKED:], vectors[:ASKED]
    np.save(folder / VECTORS, held)
    begun = time.perf_counter()
    write_graph(folder, records=len(held), exact_up_to=0)
    built = time.perf_counter() - begun
    exact = VectorFiles(folder / VECTORS)
    quick = VectorFiles(folder / VECTORS, folder / GRAPH)
    taken: dict[str, list[float]] = {"numpy": [], "graph": []}
    hits = 0
    quick.nearest(asked[0], limit=BEST)
    for question in asked:
        answers = []
        for name, files in (("numpy", exact), ("graph", quick)):
            begun = time.perf_counter()
            answers.append({near.number for near in files.nearest(question, limit=BEST)})
            taken[name].append(time.perf_counter() - begun)
        hits += len(answers[0] & answers[1])
    numpy_ms, graph_ms = (1000 * statistics.median(taken[name]) for name in ("numpy", "graph"))
    print(
        f"\n{len(held)} vectors: graph built in {built:.0f} s; numpy {numpy_ms:.2f} ms, graph "
        f"{graph_ms:.2f} ms ({numpy_ms / graph_ms:.0f} x), recall@10 {hits / BEST / ASKED:.3f}"
    )


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--sentences", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    texts = sentences(given.folder or documents(), most=given.sentences + ASKED)
    print(f"{len(texts)} sentences of {statistics.mean(map(len, texts)):.0f} characters")
    with tempfile.TemporaryDirectory(prefix="embeddings-") as name:
        precisions(texts[:TIMED], Path(name), rounds=given.rounds)
        graph(embedded(texts, Path(name)), Path(name))


if __name__ == "__main__":
    main()
