"""What may never be committed: machine paths, index addresses, loose ends, large files.

Usage: python scripts/check_texts.py [FOLDER]    (the repository by default)

Private keys are looked for by pre-commit, whose hook knows more of their forms.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from house import ROOT, repository_files

LARGEST_FILE = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A pattern that is refused, why, and where it is looked for."""

    pattern: re.Pattern[str]
    reason: str
    suffixes: frozenset[str] = frozenset()
    folder: str = ""

    def looks_at(self, path: Path) -> bool:
        """Whether ``path`` is among the files this rule is about."""
        right_kind = not self.suffixes or path.suffix in self.suffixes
        return right_kind and path.as_posix().startswith(self.folder)


RULES = (
    Rule(
        pattern=re.compile(
            r"(?<![\w./~$}>-])/(?:work|root|home/\w+|Users/\w+|opt/wheels)(?![\w-])"
        ),
        reason="a path of one machine",
    ),
    Rule(
        pattern=re.compile(r"--(?:extra-)?index-url|--find-links|https?://\S*(?:/simple\b|\.whl)"),
        reason="the address of a package index belongs to a machine's configuration, not to a pin",
        folder="requirements/",
    ),
    Rule(
        pattern=re.compile(r"\b(?:TODO|FIXME|XXX)\b"),
        reason="a loose end: finish it, or open an issue",
        suffixes=frozenset({".css", ".html", ".js", ".py", ".sh", ".toml", ".yaml", ".yml"}),
    ),
    Rule(
        pattern=re.compile(r"^(?:<{7} |={7}$|>{7} )", re.MULTILINE),
        reason="the mark of a merge that was not finished",
    ),
)


def check_text(text: str, *, path: Path) -> Iterator[str]:
    """The findings of one file, each as ``path:line: reason: what was found``."""
    for rule in RULES:
        if not rule.looks_at(path):
            continue
        for match in rule.pattern.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            yield f"{path}:{line}: {rule.reason}: {match[0].strip()}"


def check_file(path: Path, *, root: Path) -> Iterator[str]:
    """The findings of the file ``path``, which is relative to ``root``."""
    content = (root / path).read_bytes()
    if len(content) > LARGEST_FILE:
        yield f"{path}:1: {len(content):,} bytes: make it when it is needed, instead"
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return
    yield from check_text(text, path=path)


def main(root: Path = ROOT) -> int:
    """Print the findings of the repository at ``root``; 1 when there is one."""
    this_file = Path(__file__).resolve()
    findings = [
        finding
        for path in repository_files(root)
        if (root / path).resolve() != this_file
        for finding in check_file(path, root=root)
    ]
    print(*findings, f"texts: {len(findings)} errors", sep="\n")
    return int(bool(findings))


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:2])))
