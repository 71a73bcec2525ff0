"""No file over 600 lines, no function over 60: small things are read, large ones are skimmed.

Usage: python scripts/check_sizes.py [FOLDER]    (the repository by default)

From 400 and 40 lines on it warns. Tests are exempt, and so is what is generated. A function is
counted from its `def` to its last line, docstring and comments included.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from house import ROOT, repository_files

FILE_LIMIT, FILE_WARNING = 600, 400
FUNCTION_LIMIT, FUNCTION_WARNING = 60, 40

WRITTEN_BY_HAND = {".css", ".html", ".js", ".mjs", ".py", ".sh"}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is too long: where it is, what it is, its lines and what is allowed."""

    path: Path
    line: int
    what: str
    lines: int
    limit: int
    is_error: bool

    def __str__(self) -> str:
        verdict = "error" if self.is_error else "warning"
        return (
            f"{self.path}:{self.line}: {verdict}: {self.what} has {self.lines} lines, "
            f"more than {self.limit}"
        )


def is_exempt(path: Path) -> bool:
    """Whether ``path`` is a test, or is no text written by hand."""
    return "tests" in path.parts or path.suffix not in WRITTEN_BY_HAND


def check_text(text: str, *, path: Path) -> Iterator[Finding]:
    """The findings of one file; ``path`` is what they are reported under."""
    lines = len(text.splitlines())
    if lines > FILE_WARNING:
        yield _finding(
            path, line=1, what="the file", lines=lines, limits=(FILE_WARNING, FILE_LIMIT)
        )
    if path.suffix != ".py":
        return
    for node in ast.walk(ast.parse(text, filename=str(path))):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        if lines > FUNCTION_WARNING:
            limits = (FUNCTION_WARNING, FUNCTION_LIMIT)
            yield _finding(
                path, line=node.lineno, what=f"{node.name}()", lines=lines, limits=limits
            )


def _finding(path: Path, *, line: int, what: str, lines: int, limits: tuple[int, int]) -> Finding:
    warning, limit = limits
    is_error = lines > limit
    return Finding(
        path=path,
        line=line,
        what=what,
        lines=lines,
        limit=limit if is_error else warning,
        is_error=is_error,
    )


def main(root: Path = ROOT) -> int:
    """Print the findings of the repository at ``root``; 1 when one of them is an error."""
    findings = [
        finding
        for path in repository_files(root)
        if not is_exempt(path)
        for finding in check_text((root / path).read_text(encoding="utf-8"), path=path)
    ]
    for finding in sorted(findings, key=lambda each: (each.is_error, each.path, each.line)):
        print(finding)
    errors = sum(finding.is_error for finding in findings)
    print(f"sizes: {errors} errors, {len(findings) - errors} warnings")
    return int(errors > 0)


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:2])))
