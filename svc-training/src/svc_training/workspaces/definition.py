"""What a pipeline's `dvc.yaml` says, and what in it would train anew without need."""

from dataclasses import dataclass
from typing import Any

import yaml

from svc_training.workspaces.errors import PipelineInvalidError

GPU = "gpu"


@dataclass(frozen=True)
class Stage:
    """One stage: its command, and how many GPUs its `meta.resources` asks for."""

    name: str
    command: str
    gpus: int


@dataclass(frozen=True)
class Definition:
    """A pipeline as its files say.

    Attributes:
        stages: in the order of the file.
        params: the whole of `params.yaml`.
        warnings: sentences about stages that DVC cannot restore from its run cache.
    """

    stages: tuple[Stage, ...]
    params: dict[str, Any]
    warnings: tuple[str, ...]

    @property
    def gpus(self) -> int:
        """GPUs that the most demanding stage asks for: 0 or 1."""
        return max(stage.gpus for stage in self.stages)

    @property
    def gpu_stages(self) -> tuple[str, ...]:
        """Stages that use the job's GPU: those that ask for one; all of them when none does."""
        return tuple(stage.name for stage in self.stages if stage.gpus or not self.gpus)


def read_definition(pipeline: str, *, dvc_yaml: str, params_yaml: str | None) -> Definition:
    """Parse a pipeline's files.

    Raises:
        PipelineInvalidError: it is no YAML, has no stage, or a stage has no command.
    """
    stages = _mapping(dvc_yaml, name=f"{pipeline}/dvc.yaml").get("stages")
    if not isinstance(stages, dict) or not stages:
        raise PipelineInvalidError(f"{pipeline}/dvc.yaml has no stages.")
    found, warnings = [], []
    for name, stage in stages.items():
        if not isinstance(stage, dict) or "cmd" not in stage:
            raise PipelineInvalidError(f"{pipeline}/dvc.yaml: stage {name} has no cmd.")
        command = stage["cmd"]
        found.append(
            Stage(
                name=name,
                command="\n".join(command) if isinstance(command, list) else str(command),
                gpus=_gpus(pipeline, name, stage),
            )
        )
        warnings += _warnings(name, stage)
    params = _mapping(params_yaml or "{}", name=f"{pipeline}/params.yaml")
    return Definition(stages=tuple(found), params=params, warnings=tuple(warnings))


def apply_params(
    pipeline: str, *, given: dict[str, Any], changes: dict[str, Any]
) -> dict[str, Any]:
    """The params with some of them changed; `a.b` names one inside another.

    Raises:
        PipelineInvalidError: a change names a param that the pipeline does not have.
    """
    changed = yaml.safe_load(yaml.safe_dump(given))
    for name, value in changes.items():
        *path, last = name.split(".")
        inner: Any = changed
        for step in path:
            inner = inner.get(step) if isinstance(inner, dict) else None
        if not isinstance(inner, dict) or last not in inner:
            known = ", ".join(sorted(given)) or "none"
            raise PipelineInvalidError(
                f"{pipeline} has no param {name}; it has {known}.", field="params"
            )
        inner[last] = value
    result: dict[str, Any] = changed
    return result


def _mapping(text: str, *, name: str) -> dict[str, Any]:
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise PipelineInvalidError(f"{name} is no YAML: {error}") from error
    if not isinstance(found, dict):
        raise PipelineInvalidError(f"{name} is no mapping.")
    return found


def _gpus(pipeline: str, name: str, stage: dict[str, Any]) -> int:
    meta = stage.get("meta")
    resources = meta.get("resources", {}) if isinstance(meta, dict) else {}
    wanted = resources.get(GPU, 0) if isinstance(resources, dict) else 0
    if not isinstance(wanted, int) or isinstance(wanted, bool) or wanted not in (0, 1):
        raise PipelineInvalidError(
            f"{pipeline}/dvc.yaml: stage {name}: meta.resources.gpu is {wanted!r}; a training has "
            "one GPU or none, so it can be 0 or 1."
        )
    return wanted


def _warnings(name: str, stage: dict[str, Any]) -> list[str]:
    """Stages that DVC 3 keeps out of its run cache: each worker trains them anew."""
    said = []
    for kind in ("outs", "metrics", "plots"):
        for out in stage.get(kind) or ():
            options = next(iter(out.values()), None) if isinstance(out, dict) else None
            if isinstance(options, dict) and options.get("cache") is False:
                said.append(
                    f"Stage {name}: {next(iter(out))} has `cache: false`, so another worker runs "
                    "the stage again. Remove that line."
                )
    if not stage.get("deps") and not stage.get("params"):
        said.append(f"Stage {name} depends on nothing, so it is never restored. Give it deps.")
    return said
