"""Install one distribution with its own dependencies alone, and start it.

Usage: python scripts/isolated_install.py FOLDER    (svc-parquet, gateway, sdk, ...)

In the shared environment a service can import what only its sibling declares, and nobody notices
until its image is built. Here it gets an environment of its own: built as wheels (so that what
the wheel forgets to carry is missed), with the versions of requirements/core.txt, and started in
an empty folder. Needs uv, and the network or a filled cache.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from house import ROOT, Distribution, read_distributions

START_SERVICE = """
from {package}.main import app_factory

app = app_factory()
print(type(app).__module__, type(app).__name__, "of {package} is ready")
"""

IMPORT_EVERYTHING = """
import importlib, pkgutil
import {package}

for module in pkgutil.walk_packages({package}.__path__, "{package}."):
    # Alembic alone can run its entry and its revisions; a __main__ runs when it is imported.
    if ".migrations." not in module.name and not module.name.endswith("__main__"):
        importlib.import_module(module.name)
"""

REFUSE_SIBLINGS = """
import importlib.util, sys

found = [name for name in {siblings!r} if importlib.util.find_spec(name) is not None]
sys.exit(f"siblings can be imported: {{found}}" if found else 0)
"""


class IsolationError(Exception):
    """A distribution does not stand alone; the message carries what the tool said."""


def find_uv() -> str:
    """The uv beside this Python, or the one on the PATH."""
    beside = Path(sys.executable).parent / "uv"
    found = str(beside) if beside.exists() else shutil.which("uv")
    if found is None:
        msg = "uv is missing: run `make dev`, and use .venv/bin/python"
        raise IsolationError(msg)
    return found


def find_distribution(folder: str) -> Distribution:
    """The distribution in ``folder``."""
    distributions = {each.folder: each for each in read_distributions()}
    if folder not in distributions:
        msg = f"{folder!r} is no distribution; there are: {', '.join(distributions)}"
        raise IsolationError(msg)
    return distributions[folder]


def install(distribution: Distribution, *, into: Path) -> None:
    """Make the environment ``into`` with ``distribution``, and of ours only what it needs."""
    uv = find_uv()
    by_name = {each.name: each for each in read_distributions()}
    folders = [by_name[name].folder for name in sorted(distribution.needs)]
    pins = str(ROOT / "requirements" / "core.txt")
    _run([uv, "venv", "--quiet", "--python", sys.executable, str(into)])
    # Every one of ours is named by its folder, so that none can ever be fetched from an index.
    _run(
        [
            *(uv, "pip", "install", "--quiet", "--python", str(into / "bin" / "python")),
            *("--constraint", pins, "--build-constraint", pins),
            *(str(ROOT / folder) for folder in [*folders, distribution.folder]),
        ]
    )


def start(distribution: Distribution, *, environment: Path, folder: Path) -> str:
    """Start ``distribution`` in the empty ``folder``; what it said."""
    programs = environment / "bin"
    siblings = [
        each.package
        for each in read_distributions()
        if each.name != distribution.name and each.name not in distribution.needs
    ]
    settings = {name: value for name, value in os.environ.items() if not _is_ours(name)}
    settings |= {"FLEET_MODE": "embedded", "FLEET_DATA": str(folder), "PYTHONSAFEPATH": "1"}
    python = str(programs / "python")
    _run([python, "-c", REFUSE_SIBLINGS.format(siblings=siblings)], env=settings, cwd=folder)
    # Job children import what an API process never does.
    _run(
        [python, "-c", IMPORT_EVERYTHING.format(package=distribution.package)],
        env=settings,
        cwd=folder,
    )
    if not distribution.is_service:
        return _run([str(programs / "fleet"), "--help"], env=settings, cwd=folder)
    program = START_SERVICE.format(package=distribution.package)
    return _run([python, "-c", program], env=settings, cwd=folder)


def _is_ours(name: str) -> bool:
    return name.startswith(("FLEET_", "PYTHON", "VIRTUAL_ENV"))


def _run(command: list[str], *, env: dict[str, str] | None = None, cwd: Path = ROOT) -> str:
    done = subprocess.run(command, env=env, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        msg = f"`{' '.join(command)}` ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        raise IsolationError(msg)
    return done.stdout


def main(arguments: list[str]) -> int:
    """Install and start the distribution in the folder that is the one argument."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="fleet-isolated-") as name:
        folder = Path(name)
        (folder / "empty").mkdir()
        try:
            distribution = find_distribution(arguments[0])
            install(distribution, into=folder / "environment")
            said = start(distribution, environment=folder / "environment", folder=folder / "empty")
        except IsolationError as error:
            print(error, file=sys.stderr)
            return 1
    print(said.strip())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
