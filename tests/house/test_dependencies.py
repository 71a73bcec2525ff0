"""What a distribution imports is what it declares: a library that only we have is found here."""

import ast
import sys
from functools import cache
from importlib.metadata import packages_distributions, requires

import pytest
from house import ROOT, Distribution, read_distributions
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

DISTRIBUTIONS = read_distributions()


@cache
def installed_with(name: str, extras: frozenset[str]) -> frozenset[str]:
    """A distribution and everything that is installed for it, on this system."""
    found = {name}
    for text in requires(name) or []:
        requirement = Requirement(text)
        environments = [{"extra": extra} for extra in extras or {""}]
        if requirement.marker and not any(map(requirement.marker.evaluate, environments)):
            continue
        needed = canonicalize_name(requirement.name)
        if needed != name or frozenset(requirement.extras) != extras:
            found |= installed_with(needed, frozenset(requirement.extras))
    return frozenset(found)


def imported(distribution: Distribution) -> set[str]:
    """Top-level names that a distribution's source imports, wherever in a module."""
    names = set()
    for path in (ROOT / distribution.folder / "src").rglob("*.py"):
        if path.name in ("runner.py", "encoder.py") and path.with_name("requirements.txt").exists():
            # Run by an environment of its own, which has what stands there.
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.partition(".")[0])
    return names - set(sys.stdlib_module_names)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=lambda each: each.folder)
def test_every_import_is_declared(distribution: Distribution) -> None:
    extras = frozenset[str]()
    if distribution.folder == "shared-lib":
        # Each of its parts is asked for by who needs it.
        parts = "settings web db jobs storage console embeddings testing"
        extras = frozenset(parts.split())
    if distribution.folder == "sdk":
        extras = frozenset({"iceberg"})
    available = installed_with(canonicalize_name(distribution.name), extras)
    ours = {each.package: [each.name] for each in DISTRIBUTIONS}
    providers = {**packages_distributions(), **ours}
    missing = {
        name
        for name in imported(distribution)
        if not available & {canonicalize_name(each) for each in providers.get(name, [])}
    }

    assert missing == set(), f"{distribution.folder}/pyproject.toml does not ask for these"
