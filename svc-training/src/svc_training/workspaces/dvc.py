"""DVC in this process: it holds the working folder of the process, so only job children call it.

Several of them in one process break each other (a relative `dvc.yaml` is looked for in the working
folder of the process), and importing it takes a second: a child that is forked from a process that
has imported it does neither.
"""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from dvc.cli import main as dvc_main

from shared_lib.settings.blocks import ServiceSettings
from shared_lib.storage.settings import StorageSettings
from svc_training.workspaces.run_cache import local_first

REMOTE = "fleet"
_LOGGERS = ("dvc", "dvc_objects", "dvc_data", "dvc_render", "dvc_task")


@dataclass(frozen=True)
class Stored:
    """Where DVC keeps what stages made: a folder of this machine, and a remote for all.

    Both belong to one tenant alone.
    """

    cache: Path
    remote: str
    remote_options: dict[str, str]
    environment: dict[str, str]

    @classmethod
    def of(cls, settings: ServiceSettings, *, folder: Path, tenant: str) -> "Stored":
        """Beside the objects, wherever the settings put those."""
        own = folder / "dvc" / tenant
        remote, options, secrets = _remote(settings.storage, tenant=tenant)
        return cls(
            cache=own / "cache",
            remote=remote,
            remote_options=options,
            environment={
                "DVC_SITE_CACHE_DIR": str(own / "site"),
                # What a person has configured on this machine must change nothing here.
                "DVC_GLOBAL_CONFIG_DIR": str(own / "config"),
                "DVC_SYSTEM_CONFIG_DIR": str(own / "config"),
                "DVC_NO_ANALYTICS": "1",
                **secrets,
            },
        )


def _remote(storage: StorageSettings, *, tenant: str) -> tuple[str, dict[str, str], dict[str, str]]:
    if storage.kind == "file":
        return f"{storage.root}/dvc/{tenant}", {}, {}
    scheme = "https" if storage.secure else "http"
    return (
        f"s3://{storage.bucket}/dvc/{tenant}",
        {"endpointurl": f"{scheme}://{storage.endpoint}", "region": storage.region},
        {
            "AWS_ACCESS_KEY_ID": storage.access_key.get_secret_value(),
            "AWS_SECRET_ACCESS_KEY": storage.secret_key.get_secret_value(),
        },
    )


def configure(repository: Path, *, stored: Stored) -> None:
    """Write the machine's own part of DVC's configuration; it goes before the repository's."""
    lines = [
        "[core]",
        f"    remote = {REMOTE}",
        "    no_scm = true",
        "    analytics = false",
        "    check_update = false",
        "[cache]",
        f"    dir = {stored.cache}",
        f"['remote \"{REMOTE}\"']",
        f"    url = {stored.remote}",
        *(f"    {name} = {value}" for name, value in stored.remote_options.items()),
    ]
    folder = repository / ".dvc"
    folder.mkdir(exist_ok=True)
    (folder / "config.local").write_text("\n".join(lines) + "\n", encoding="utf-8")


def reproduce(pipeline: Path, *, stored: Stored, shell: Path) -> int:
    """Run the stages that changed; restore the others from the run cache, ours or the shared one.

    Returns:
        DVC's exit code; 0 is good.
    """
    with local_first(), _in(pipeline, {**stored.environment, "SHELL": str(shell)}):
        return int(dvc_main(["repro", "--pull", "--allow-missing", "dvc.yaml"]))


def push(pipeline: Path, *, stored: Stored) -> int:
    """Send what was made and the run cache to the remote; returns DVC's exit code."""
    with _in(pipeline, stored.environment):
        return int(dvc_main(["push", "--quiet", "--run-cache"]))


def locked_params(pipeline: Path) -> dict[str, Any]:
    """The params that the stages have read, as `dvc.lock` keeps them; dotted names."""
    lock = yaml.safe_load((pipeline / "dvc.lock").read_text(encoding="utf-8"))
    found: dict[str, Any] = {}
    for stage in lock.get("stages", {}).values():
        for params in stage.get("params", {}).values():
            found |= params
    return found


@contextmanager
def _in(folder: Path, environment: dict[str, str]) -> Iterator[None]:
    before, known, words = Path.cwd(), dict(os.environ), sys.argv
    for name in _LOGGERS:
        # DVC writes for people; in the service's log format as well, every line would come twice.
        logging.getLogger(name).propagate = False
    os.environ.update(environment)
    # Besides its arguments DVC reads those that this process was started with, and ends at `-q -v`.
    sys.argv = ["dvc"]
    os.chdir(folder)
    try:
        yield
    finally:
        sys.argv = words
        os.chdir(before)
        os.environ.clear()
        os.environ.update(known)
