"""What the scripts know about the repository: its files, its distributions, who depends on whom."""

import re
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PREFIX = "datafleet-"

_NAME = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """One installable folder of the repository.

    Attributes:
        name: the distribution's name, such as ``datafleet-svc-ingest``.
        folder: its folder, relative to the root, with ``/`` between the parts.
        package: the name under which its code is imported.
        needs: names of the distributions of this repository that it depends on directly.
        is_service: whether it serves HTTP, and so carries an ``openapi.json``.
    """

    name: str
    folder: str
    package: str
    needs: frozenset[str]
    is_service: bool


def read_distributions(root: Path = ROOT) -> list[Distribution]:
    """Every distribution under ``root``, ordered by folder."""
    paths = sorted([*root.glob("*/pyproject.toml"), *root.glob("deploy/*/pyproject.toml")])
    return [_read(path, root=root) for path in paths]


def _read(path: Path, *, root: Path) -> Distribution:
    project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    requirements = list(project.get("dependencies", []))
    for extra in project.get("optional-dependencies", {}).values():
        requirements.extend(extra)
    names = {match[0] for text in requirements if (match := _NAME.match(text))}
    folder = path.parent.relative_to(root).as_posix()
    package = next(
        child.name for child in sorted((path.parent / "src").iterdir()) if child.is_dir()
    )
    return Distribution(
        name=project["name"],
        folder=folder,
        package=package,
        needs=frozenset(name for name in names if name.startswith(PREFIX)) - {project["name"]},
        is_service=folder == "gateway" or folder.startswith("svc-"),
    )


def repository_files(root: Path = ROOT) -> list[Path]:
    """Every file that is committed or would be (new and not ignored), relative to ``root``."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        check=True,
    ).stdout.decode()
    names = sorted(set(listing.split("\0")) - {""})
    return [path for path in map(Path, names) if (root / path).is_file()]
