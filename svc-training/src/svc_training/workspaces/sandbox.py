"""Whether stages can be isolated here, and the shell that does it."""

import contextlib
import functools
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from shared_lib.jobs.gpus import Gpu
from shared_lib.jobs.processes import TAG
from svc_training.settings import StageSettings
from svc_training.workspaces import stage_shell
from svc_training.workspaces.errors import (
    IsolationUnavailableError,
    StageFailedError,
    StageLimitError,
)
from svc_training.workspaces.results import StageRun

_PROBE_S = 20.0


@functools.cache
def can_isolate() -> bool:
    """Whether this system lets its user make namespaces and mount in them."""
    if sys.platform != "linux":
        return False
    words = [*stage_shell.UNSHARE, "mount", "-t", "tmpfs", "none", "/mnt"]
    try:
        subprocess.run(words, capture_output=True, timeout=_PROBE_S, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return False
    return True


class Sandbox:
    """The shell of one job's stages.

    Args:
        folder: of this try's own; the shell lies in it, out of the stages' sight.
        journal: what happened to stages, in all tries of the job on this machine: a stage that an
            earlier one ran comes from the cache in this one, and still counts as run by the job.
        workspace: the one folder that stages may write.
        python: of the stages' environment.
        settings: what stages may do.
        gpu: of the job.
        gpu_stages: the stages that may use it; the others see no GPU at all.

    Raises:
        IsolationUnavailableError: the settings ask for what the system does not allow.
    """

    def __init__(
        self,
        folder: Path,
        *,
        journal: Path,
        workspace: Path,
        python: Path,
        settings: StageSettings,
        device: str,
        gpu: Gpu | None = None,
        gpu_stages: tuple[str, ...] = (),
    ) -> None:
        self.isolated = settings.isolation != "none" and can_isolate()
        if settings.isolation == "required" and not self.isolated:
            raise IsolationUnavailableError(
                "FLEET_STAGES__ISOLATION is `required`, but namespaces cannot be made here: let "
                "the worker make user namespaces, and install util-linux."
            )
        self._journal, self._try, root = journal, folder.name, folder / "root"
        _open(journal)
        root.mkdir()
        self.shell = folder / "stage"
        _write_shell(
            self.shell,
            {
                "isolated": self.isolated,
                "journal": str(self._journal),
                "try": self._try,
                "root": str(root),
                "folder": str(workspace),
                "device": device,
                "devices": [],
                "readable": _readable(python),
                "environment": _environment(python, gpu=None),
                "gpu_stages": gpu_stages if gpu else (),
                "on_gpu": _on_gpu(python, gpu=gpu) if gpu else {},
                "processes": settings.processes,
                "disk_bytes": settings.disk_bytes,
                "tmp_bytes": settings.tmp_bytes,
            },
        )

    def runs(self) -> list[StageRun]:
        """Stages that ran to a good end, in this try or before; the others came from the cache."""
        began: dict[str, dict[str, Any]] = {}
        seconds: dict[str, float] = {}
        for entry in _read(self._journal):
            if entry["event"] == "began":
                began[entry["stage"]] = entry
            elif entry["event"] == "ended" and entry["code"] == 0:
                seconds.pop(entry["stage"], None)
                seconds[entry["stage"]] = entry["at"] - began[entry["stage"]]["at"]
        return [
            StageRun(name=name, device=began[name]["device"], seconds=round(spent, 3))
            for name, spent in seconds.items()
        ]

    def failure(self, *, last_lines: list[str]) -> StageFailedError | StageLimitError | None:
        """Why the last stage ended badly; None when none did."""
        entries = [entry for entry in _read(self._journal) if entry["try"] == self._try]
        ended = [entry for entry in entries if entry["event"] == "ended"]
        if not ended or ended[-1]["code"] == 0:
            return None
        stage, code = ended[-1]["stage"], ended[-1]["code"]
        reasons = [entry["reason"] for entry in entries if entry["event"] == "limit"]
        if reasons:
            return StageLimitError(f"Stage {stage} was ended: {reasons[-1]}.", stage=stage)
        said = " / ".join(_own_lines(last_lines))
        apart = (
            " Stages have no network, no secret, and no file but those below the pipeline."
            if self.isolated
            else ""
        )
        return StageFailedError(
            f"Stage {stage} ended with exit code {code}: {said or 'it said nothing'}.{apart}",
            stage=stage,
            exit_code=code,
        )


def _own_lines(lines: list[str]) -> list[str]:
    """What the stage wrote: between DVC's line with its command and DVC's words on how it ended."""
    started = max((at for at, line in enumerate(lines) if line.startswith("> ")), default=-1)
    own = [line.strip() for line in lines[started + 1 :]]
    return [line for line in own if line and not line.startswith("ERROR: failed to reproduce")]


def _read(journal: Path) -> list[dict[str, Any]]:
    entries = []
    for line in journal.read_text(encoding="utf-8").splitlines():
        with contextlib.suppress(json.JSONDecodeError):
            entries.append(json.loads(line))
    return entries


def _open(journal: Path) -> None:
    """Make it, or end the line that a kill has cut off: what comes now begins a new one."""
    journal.parent.mkdir(parents=True, exist_ok=True)
    with journal.open("a+", encoding="utf-8") as file:
        file.seek(0)
        if not f"\n{file.read()}".endswith("\n"):
            file.write("\n")


def _write_shell(path: Path, config: dict[str, Any]) -> None:
    """A program that DVC can name as its shell: it takes `-c COMMAND` and no other option."""
    beside = path.with_suffix(".json")
    beside.write_text(json.dumps(config), encoding="utf-8")
    words = shlex.join([sys.executable, "-I", "-S", stage_shell.__file__, str(beside)])
    path.write_text(f'#!/bin/sh\nexec {words} "$@"\n', encoding="utf-8")
    path.chmod(0o700)


def _readable(python: Path) -> list[str]:
    """The environment, the Python it was made of, and the shell's own module."""
    wanted = [str(python.parents[1]), sys.base_prefix, stage_shell.__file__]
    return [path for path in wanted if not path.startswith("/usr/") and path != "/usr"]


def _nvidia_devices() -> list[str]:
    return [path.name for path in Path("/dev").glob("nvidia*") if not path.is_dir()]


def _on_gpu(python: Path, *, gpu: Gpu) -> dict[str, Any]:
    """What is different for a stage that uses the GPU."""
    return {
        "device": gpu.device,
        "devices": _nvidia_devices(),
        "environment": _environment(python, gpu=gpu),
    }


def _environment(python: Path, *, gpu: Gpu | None) -> dict[str, str]:
    """All that a stage knows of where it runs."""
    found = {
        "PATH": f"{python.parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": "/tmp",  # noqa: S108 - of the stage's own
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        # CUDA counts by speed unless it is told to count as the driver does.
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
        "CUDA_VISIBLE_DEVICES": "" if gpu is None else str(gpu.number),
    }
    if TAG in os.environ:
        found[TAG] = os.environ[TAG]
    return found
