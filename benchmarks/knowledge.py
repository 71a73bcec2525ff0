"""What one changed document of 500 costs: CPU time of a rebuild beside that of the whole build.

    python benchmarks/knowledge.py [--folder FOLDER] [--rounds 3]

FOLDER has the documents, all its HTML, text, PDF and Office files; without it they are made as
`documents.py` makes them. It is copied, and one page of the copy is changed before each rebuild.
Two costs are told: of the command `fleet kb build` with all its processes, which loads its
modules each time; and of the work alone in a process that has them loaded, with its parser child,
as a job of the fleet has. The records of the last rebuild must be those of a whole build.
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import documents
import polars  # noqa: F401 - as the process of a job has it loaded
from _measuring import verdict

from shared_lib.contracts.knowledge import BuildOptions, Selection
from svc_knowledgebase.building.folder import build_folder

COUNTS = {"pdf": 100, "docx": 100, "pptx": 40, "xlsx": 40, "eml": 60, "html": 160}
GOAL = 0.03


def children_s() -> float:
    """CPU seconds of processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def make(root: Path) -> None:
    """500 documents some folders deep."""
    available, number = documents.texts(), 0
    for kind, count in COUNTS.items():
        for place in range(count):
            path = root / f"part{place % 5}" / f"chapter{place % 3}" / kind / f"{place:03}.{kind}"
            path.parent.mkdir(parents=True, exist_ok=True)
            documents.MAKERS[kind](available[number % len(available)], path)
            number += 1


def command(folder: Path, target: Path) -> float:
    """CPU seconds of `fleet kb build`."""
    before = children_s()
    fleet = Path(sys.executable).with_name("fleet")
    subprocess.run([fleet, "kb", "build", folder, "--to", target, "--quiet"], check=True)
    return children_s() - before


def work(folder: Path, target: Path) -> float:
    """CPU seconds of building in this process."""
    before = time.process_time() + children_s()
    build_folder(folder, target, selection=Selection(), options=BuildOptions(),
                 workers=os.cpu_count() or 1)  # fmt: skip
    return time.process_time() + children_s() - before


def main() -> None:
    """Print the costs and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fleet-knowledge-") as name:
        root = Path(name)
        folder = root / "folder"
        if options.folder:
            shutil.copytree(options.folder, folder)
        else:
            make(folder)
        page = min(folder.rglob("*.html"))
        for title, build in (("command", command), ("work", work)):
            whole, again = [], []
            for number in range(options.rounds):
                target = root / f"{title}-{number}"
                whole.append(build(folder, target))
                with page.open("a") as opened:
                    opened.write(f"<p>Something new of {title} {number}.</p>")
                again.append(build(folder, target))
            build(folder, root / f"{title}-whole")
            same = [(root / each / "records.jsonl").read_bytes()
                    for each in (target.name, f"{title}-whole")]  # fmt: skip
            assert same[0] == same[1], "a rebuild gives something else than a whole build"
            share = statistics.median(again) / statistics.median(whole)
            print(
                f"{title:8} whole {statistics.median(whole):.2f} s, one changed "
                f"{statistics.median(again):.2f} s: {share:.1%}, {verdict(share, goal=GOAL)}"
            )


if __name__ == "__main__":
    main()
