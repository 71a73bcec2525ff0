"""The pipelines of the configured repository."""

from pathlib import Path

from shared_lib.contracts.training import PipelineStage, PipelineView
from shared_lib.db.pages import KeysetPage, decode_cursor, encode_cursor
from svc_training.settings import TrainingSettings
from svc_training.workspaces.definition import Definition, read_definition
from svc_training.workspaces.errors import PipelineNotFoundError, PipelineSourceError
from svc_training.workspaces.git import Mirror


class Pipelines:
    """Reads the repository of pipelines; each call sees what is there at that moment."""

    def __init__(self, settings: TrainingSettings) -> None:
        self._settings = settings

    def page(self, *, limit: int, cursor: str | None) -> KeysetPage[PipelineView]:
        """The pipelines by name.

        Raises:
            InvalidCursorError: the cursor is of another list.
            PipelineSourceError: the repository cannot be read.
            PipelineInvalidError: a `dvc.yaml` cannot be used.
        """
        mirror = open_mirror(self._settings)
        commit = mirror.refresh()
        after = decode_cursor(cursor) if cursor else ""
        names = sorted(name for name in mirror.pipelines(commit) if name > after)
        shown = [_view(mirror, name, commit=commit) for name in names[:limit]]
        more = encode_cursor(names[limit - 1]) if len(names) > limit else None
        return KeysetPage(rows=shown, next=more)

    def read(self, name: str) -> PipelineView:
        """One pipeline.

        Raises:
            PipelineNotFoundError: the repository has none of that name.
            PipelineSourceError: the repository cannot be read.
            PipelineInvalidError: its files cannot be used.
        """
        mirror = open_mirror(self._settings)
        return _view(mirror, name, commit=mirror.refresh())


def _view(mirror: Mirror, name: str, *, commit: str) -> PipelineView:
    definition = definition_at(mirror, name, commit=commit)
    return PipelineView(
        name=name,
        commit=commit,
        stages=[
            PipelineStage(name=stage.name, command=stage.command, gpus=stage.gpus)
            for stage in definition.stages
        ],
        params=definition.params,
        warnings=list(definition.warnings),
    )


def definition_at(mirror: Mirror, name: str, *, commit: str) -> Definition:
    """A pipeline's definition at a commit.

    Raises:
        PipelineNotFoundError: the commit has no pipeline of that name.
        PipelineInvalidError: its files cannot be used.
    """
    dvc_yaml = mirror.read(commit, f"{name}/dvc.yaml")
    if dvc_yaml is None:
        known = ", ".join(mirror.pipelines(commit)) or "none"
        raise PipelineNotFoundError(
            f"There is no pipeline {name}; the repository has {known}.", field="pipeline"
        )
    params = mirror.read(commit, f"{name}/params.yaml")
    return read_definition(name, dvc_yaml=dvc_yaml, params_yaml=params)


def open_mirror(settings: TrainingSettings) -> Mirror:
    """The mirror of the repository that the settings name.

    Raises:
        PipelineSourceError: they name none, and no pipelines came with this installation.
    """
    source = settings.pipelines.source or _shipped()
    return Mirror(
        settings.training_folder / "pipelines.git", source=source, ref=settings.pipelines.ref
    )


def _shipped() -> str:
    """The folder `dvc` of the checkout that this package was installed from."""
    for folder in Path(__file__).resolve().parents:
        if (folder / "dvc" / ".dvc").is_dir():
            return str(folder / "dvc")
    raise PipelineSourceError("FLEET_PIPELINES__SOURCE names no repository of pipelines.")
