"""Retrieval: nDCG@10 of words, of meanings and of both, on headings that look for their sections.

    python benchmarks/retrieval.py [FOLDER] [--sections 1500] [--precision auto]

FOLDER holds documents with headings; left out, it is the documentation of Python, as Debian's
package python3.11-doc has it. The judged set is made of it: a heading is the question, its section
the one right answer, and headings and titles are kept out of what is searched, so that nobody finds
a heading by itself. What is measured is the service's own index, vectors and fusion.

Source of the measure: Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques",
ACM TOIS 20(4), 2002; here with binary gains and the ten best sections.
"""

import argparse
import json
import math
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from shared_lib.contracts.knowledge import BuildOptions, FileFate, Selection
from shared_lib.embeddings.contract import Vectors
from shared_lib.embeddings.opening import open_embedder
from shared_lib.embeddings.settings import EmbeddingSettings
from svc_knowledgebase.building.assembly import RECORDS, PlacedRecord
from svc_knowledgebase.building.folder import build_folder
from svc_knowledgebase.embedding.nearest import VECTORS, VectorFiles
from svc_knowledgebase.searching.index import INDEX, Filters, IndexReader, IndexWriter, open_index
from svc_knowledgebase.searching.meanings import CANDIDATES, fuse

PACKAGE = "python3.11-doc"
BEST = 10
SHORTEST_HEADING = 2
SEED = 20_261_125

Ranking = Callable[[str, Vectors], list[int]]


def documents() -> Path:
    """The documentation of Python, unpacked below a temporary folder."""
    folder = Path(tempfile.mkdtemp(prefix="retrieval-"))
    subprocess.run(["apt-get", "download", "-qq", PACKAGE], cwd=folder, check=True)
    (package,) = folder.glob("*.deb")
    subprocess.run(["dpkg-deb", "-x", package, folder / "tree"], check=True)
    return folder / "tree"


def sections(records: Path, *, most: int) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Records without their headings, and which section each question is looked for in."""
    found, questions = [], defaultdict(set)
    for line in records.read_bytes().splitlines():
        record = orjson.loads(line)
        if not record["section_path"]:
            continue
        heading = record["section_path"][-1]
        record["section"] = json.dumps([record["path"], record["section_path"]])
        text = record["text"]
        record["text"] = text.removeprefix(heading).lstrip() if text.startswith(heading) else text
        if not record["text"]:
            continue
        record["title"], record["section_path"] = "", []
        found.append(record)
        questions[heading].add(record["section"])
    # A heading that stands above several sections asks for none of them.
    judged = {q: next(iter(of)) for q, of in questions.items()
              if len(of) == 1 and len(q.split()) >= SHORTEST_HEADING}  # fmt: skip
    chosen = random.Random(SEED).sample(sorted(judged), min(most, len(judged)))
    return found, {question: judged[question] for question in chosen}


def write_index(folder: Path, records: Sequence[dict[str, Any]]) -> None:
    """The service's own index of these records, a document each."""
    with IndexWriter(folder / INDEX) as writer:
        for number, record in enumerate(records):
            fate = FileFate(path=f"{number:08}", bytes=1, sha256=None, fate="parsed")
            writer.add(str(number), fate, [PlacedRecord(record=record, start=0, end=0)])


def ndcg(ranked: Sequence[int], *, of: Sequence[str], wanted: str) -> float:
    """Of the ten best sections; only one is right, so the ideal is 1."""
    best = list(dict.fromkeys(of[number - 1] for number in ranked))[:BEST]
    return 1 / math.log2(best.index(wanted) + 2) if wanted in best else 0.0


def rankings(reader: IndexReader, files: VectorFiles) -> dict[str, Ranking]:
    """Each way of searching, as the service does it."""

    def words(question: str, _: Vectors) -> list[int]:
        hits = reader.search(question, Filters(), limit=CANDIDATES).hits
        return [hit.number for hit in hits]

    def meaning(_: str, vector: Vectors) -> list[int]:
        return [near.number for near in files.nearest(vector, limit=CANDIDATES)]

    def both(question: str, vector: Vectors) -> list[int]:
        return [n for n, _ in fuse([words(question, vector), meaning(question, vector)])]

    return {"words (BM25)": words, "meaning (vectors)": meaning, "hybrid (RRF)": both}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--sections", type=int, default=1500)
    parser.add_argument("--precision", default="auto")
    given = parser.parse_args()
    folder = given.folder or documents()
    with tempfile.TemporaryDirectory(prefix="retrieval-") as name:
        work = Path(name)
        build_folder(folder, work / "base", selection=Selection(), options=BuildOptions())
        records, questions = sections(work / "base" / RECORDS, most=given.sections)
        write_index(work, records)
        settings = EmbeddingSettings(precision=given.precision)
        embedder = open_embedder(settings, environments=Path(sys.prefix) / "envs", cache=work)
        begun = time.perf_counter()
        texts = [record["text"] for record in records]
        parts = [embedder.embed(texts[at : at + 256]) for at in range(0, len(texts), 256)]
        seconds = time.perf_counter() - begun
        np.save(work / VECTORS, np.concatenate(parts))
        asked = embedder.embed(list(questions))
        embedder.close()
        report(work, records, questions, asked)
        print(f"\n{len(records)} records, {len(questions)} questions; {embedder.model}, "
              f"{len(texts) / seconds:.0f} records/s")  # fmt: skip


def report(
    work: Path, records: Sequence[dict[str, Any]], questions: dict[str, str], asked: Vectors
) -> None:
    """The table, and who wins how often."""
    of = [record["section"] for record in records]
    print("| searched by | nDCG@10 | found among ten |\n|---|---|---|")
    with open_index(work / INDEX) as reader:
        for name, ranking in rankings(reader, VectorFiles(work / VECTORS)).items():
            gains = [
                ndcg(ranking(question, vector), of=of, wanted=wanted)
                for (question, wanted), vector in zip(questions.items(), asked, strict=True)
            ]
            found = Counter(gain > 0 for gain in gains)[True]
            print(f"| {name} | {sum(gains) / len(gains):.3f} | {found / len(gains):.1%} |")


if __name__ == "__main__":
    main()
