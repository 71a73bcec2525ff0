"""From a commit, params and tables to a pipeline's results, in a folder that nobody else uses."""

import hashlib
import json
import platform
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from shared_lib.faults import crash_point
from svc_training.workspaces import dvc
from svc_training.workspaces.definition import Definition, read_definition
from svc_training.workspaces.errors import DvcFailedError, PipelineInvalidError
from svc_training.workspaces.git import Mirror
from svc_training.workspaces.output import Output
from svc_training.workspaces.results import Results, StageRun
from svc_training.workspaces.sandbox import Sandbox
from svc_training.workspaces.sharing import Unshared

RESULTS = ("models", "metrics.json", "predictions.parquet", "dvc.lock")
"""What a pipeline must leave: `models/` and `metrics.json`; and may leave: a loss a row."""

_LARGEST_METRICS = 1024 * 1024


class Workspace:
    """A pipeline's files at a commit.

    Args:
        folder: empty; the job's own.
        pipeline: its folder in the repository.
    """

    def __init__(self, folder: Path, *, pipeline: str) -> None:
        self.root = folder / "repository"
        self.root.mkdir()
        self._pipeline = pipeline
        self.folder = self.root / pipeline

    def check_out(self, mirror: Mirror, *, commit: str, params: Mapping[str, Any]) -> Definition:
        """Write the commit's files, and the params over those of the commit.

        Raises:
            PipelineInvalidError: the commit has no such pipeline, or it cannot be used.
        """
        mirror.export(commit, self.root)
        definition = read_definition(
            self._pipeline,
            dvc_yaml=self._text("dvc.yaml") or "",
            params_yaml=self._text("params.yaml"),
        )
        if params != definition.params:
            text = yaml.safe_dump(dict(params), sort_keys=False)
            (self.folder / "params.yaml").write_text(text, encoding="utf-8")
        return definition

    @property
    def requirements(self) -> str:
        """What the stages import; empty when the pipeline does not say."""
        return self._text("requirements.txt") or ""

    def place(self, name: str, parts: Sequence[Path]) -> None:
        """Copy a table's Parquet files to `data/<name>`, which stages depend on."""
        folder = self.folder / "data" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for number, part in enumerate(parts):
            shutil.copyfile(part, folder / f"part-{number:05}.parquet")

    def run(
        self,
        *,
        stored: dvc.Stored,
        sandbox: Sandbox,
        output: Output,
        ran: Callable[[list[StageRun]], None],
    ) -> None:
        """Bring the pipeline up to date and share what was made.

        Args:
            stored: where DVC keeps what stages make.
            sandbox: the stages' shell.
            output: takes what is written.
            ran: told which stages ran before anybody else can restore them.

        Raises:
            StageFailedError: a stage's command failed.
            StageLimitError: a stage did more than it may.
            DvcFailedError: DVC itself failed.
        """
        dvc.configure(self.root, stored=stored)
        with Unshared(stored, name=self.root.parent.name) as unshared:
            with output.captured():
                code = dvc.reproduce(self.folder, stored=stored, shell=sandbox.shell)
            if code:
                raise sandbox.failure(last_lines=output.last_lines) or _dvc_failed("repro", output)
            crash_point("training.train.reproduced")
            runs = sandbox.runs()
            ran(runs)
            if unshared.something() or runs:
                with output.captured():
                    code = dvc.push(self.folder, stored=stored)
                if code:
                    raise _dvc_failed("push", output)
            crash_point("training.train.pushed")
            unshared.all_shared()

    def results(self, definition: Definition, *, ran: list[StageRun]) -> Results:
        """What the stages left.

        Raises:
            PipelineInvalidError: there is no model, or no metrics that can be read.
        """
        names = {run.name for run in ran}
        files = {
            path.relative_to(self.folder).as_posix(): path
            for wanted in RESULTS
            for path in _files(self.folder / wanted)
        }
        if not any(name.startswith("models/") for name in files):
            raise PipelineInvalidError(f"{self._pipeline} left no file below models/.")
        for path in sorted(self.folder.glob("*.csv")):
            files[path.name] = path
        return Results(
            ran=ran,
            cached=[stage.name for stage in definition.stages if stage.name not in names],
            metrics=self._metrics(),
            params=dvc.locked_params(self.folder),
            lock_sha256=hashlib.sha256((self.folder / "dvc.lock").read_bytes()).hexdigest(),
            files=files,
        )

    def _text(self, name: str) -> str | None:
        path = self.folder / name
        return path.read_text(encoding="utf-8") if path.is_file() else None

    def _metrics(self) -> dict[str, float]:
        path = self.folder / "metrics.json"
        try:
            if path.stat().st_size > _LARGEST_METRICS:
                raise PipelineInvalidError(f"{self._pipeline}/metrics.json is over 1 MiB.")
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise PipelineInvalidError(f"{self._pipeline} left no metrics.json: {error}") from error
        return _flat(found)


def cpu_name() -> str:
    """What `device` says of a stage that ran without a GPU."""
    return f"cpu ({platform.machine()})"


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(each for each in path.rglob("*") if each.is_file() and not each.is_symlink())
    return [path] if path.is_file() and not path.is_symlink() else []


def _flat(values: Any, *, prefix: str = "") -> dict[str, float]:
    if not isinstance(values, dict):
        return {}
    found: dict[str, float] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            found |= _flat(value, prefix=f"{prefix}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found[f"{prefix}{name}"] = float(value)
    return found


def _dvc_failed(command: str, output: Output) -> DvcFailedError:
    return DvcFailedError(f"dvc {command}: {' / '.join(output.last_lines) or 'said nothing'}")
