"""Which distributions a change can break, as JSON for the matrix of a workflow.

Usage: python scripts/affected.py BASE    (a commit or branch; the change is BASE...HEAD)
       python scripts/affected.py --all

Prints one JSON object:
    {"distributions": ["svc-ingest", ...], "isolated": [...], "end_to_end": true}
`distributions` are the folders whose tests must run, `isolated` those of them that must install
and start alone, `end_to_end` whether the whole fleet's tests must run.

A distribution is affected when a file of its own changed, or one that it depends on is affected.
A file that belongs to no distribution affects all of them, unless it is known to be harmless:
what is not understood is tested.
"""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from house import ROOT, Distribution, read_distributions

HARMLESS_FOLDERS = ("docs/", "benchmarks/")
END_TO_END_FOLDERS = ("tests/", "deploy/")
NOT_ISOLATED = ("shared-lib", "deploy/embedded")


def owner(path: str, distributions: Iterable[Distribution]) -> Distribution | None:
    """The distribution whose folder holds ``path``, if any."""
    for distribution in distributions:
        if path.startswith(f"{distribution.folder}/"):
            return distribution
    return None


def is_harmless(path: str) -> bool:
    """Whether no test can tell: a page for people, unless a package or a test carries it."""
    folders = path.split("/")[:-1]
    is_page = path.endswith(".md") and "src" not in folders and "tests" not in folders
    return is_page or path.startswith(HARMLESS_FOLDERS)


def dependents(names: Iterable[str], distributions: Iterable[Distribution]) -> set[str]:
    """``names`` and, transitively, every distribution that depends on one of them."""
    graph = {each.name: each.needs for each in distributions}
    found = set(names)
    while grown := {name for name, needs in graph.items() if needs & found} - found:
        found |= grown
    return found


def affected(paths: Iterable[str], distributions: list[Distribution]) -> tuple[list[str], bool]:
    """What the changed ``paths`` affect: folders in order, and whether to test end to end."""
    changed: set[str] = set()
    end_to_end = False
    for path in paths:
        owned_by = owner(path, distributions)
        if is_harmless(path):
            continue
        if owned_by is not None:
            changed.add(owned_by.name)
        elif path.startswith(END_TO_END_FOLDERS):
            end_to_end = True
        else:
            changed.update(each.name for each in distributions)
    names = dependents(changed, distributions)
    return [each.folder for each in distributions if each.name in names], end_to_end or bool(names)


def changed_paths(base: str, *, root: Path = ROOT) -> list[str]:
    """The paths that differ between HEAD and where it left ``base``, renamed ones under both."""
    listing = subprocess.run(
        ["git", "diff", "--name-only", "--no-renames", "-z", f"{base}...HEAD"],
        cwd=root,
        capture_output=True,
        check=True,
    ).stdout.decode()
    return [path for path in listing.split("\0") if path]


def main(arguments: list[str]) -> int:
    """Print the matrix for the one argument: a base, or ``--all``."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    distributions = read_distributions()
    if arguments == ["--all"]:
        folders, end_to_end = [each.folder for each in distributions], True
    else:
        folders, end_to_end = affected(changed_paths(arguments[0]), distributions)
    isolated = [folder for folder in folders if folder not in NOT_ISOLATED]
    answer = {"distributions": folders, "isolated": isolated, "end_to_end": end_to_end}
    print(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
