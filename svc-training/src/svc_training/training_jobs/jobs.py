"""The job that trains. Runs in a child process: it loads DVC and holds the working folder."""

import contextlib
import time
from dataclasses import asdict
from pathlib import Path

from shared_lib.environments import Environments
from shared_lib.faults import crash_point
from shared_lib.jobs import JobContext
from shared_lib.jobs.fetching import fetch_parts
from shared_lib.storage import StoredObject
from shared_lib.storage.keys import artifact_key
from svc_training.models.jobs import PREDICTIONS, compare_with_champion
from svc_training.pipelines.service import definition_at, open_mirror
from svc_training.settings import TrainingSettings
from svc_training.tables.models import TableVersionRow
from svc_training.tables.repository import TableVersionRepository
from svc_training.training_jobs.models import TrainingJobRow
from svc_training.training_jobs.repository import TrainingJobRepository
from svc_training.training_jobs.service import TrainingJobs
from svc_training.workspaces.definition import Definition, apply_params
from svc_training.workspaces.dvc import Stored
from svc_training.workspaces.errors import PipelineInvalidError
from svc_training.workspaces.git import Mirror
from svc_training.workspaces.output import Output
from svc_training.workspaces.results import StageRun, latest_runs
from svc_training.workspaces.sandbox import Sandbox
from svc_training.workspaces.workspace import Workspace, cpu_name

_JOURNAL_LIFE_S = 7 * 24 * 3600.0


def run(context: JobContext) -> None:
    """Check out, place the data, bring the pipeline up to date, publish what it left."""
    settings = context.runtime.settings
    assert isinstance(settings, TrainingSettings)  # noqa: S101 - whose job it is
    training_job_id = context.job.params["training_job_id"]
    mirror = open_mirror(settings)
    found = _read(context, training_job_id)
    if found is None:
        return
    row, version, frozen = found
    commit = row.commit or _choose_commit(context, training_job_id, commit=mirror.refresh())
    workspace = Workspace(context.scratch, pipeline=row.pipeline)
    definition = _check_out(workspace, mirror, row=row, commit=commit)
    if not _has_what_it_asks_for(context, training_job_id, definition=definition):
        return
    context.log(f"{row.pipeline} at {commit[:12]}, {version.rows} rows")
    for warning in definition.warnings:
        context.log(warning, level="warning")
    for name, parts in (("table", version.parts), ("frozen", frozen.parts)):
        workspace.place(name, fetch_parts(context, parts, name=name))
    sandbox = _sandbox(context, workspace, settings=settings, gpu_stages=definition.gpu_stages)
    output = Output(context.scratch / "log.txt", tell=context.log_lines)
    stored = Stored.of(settings, folder=settings.training_folder, tenant=context.job.tenant)
    ran = list[StageRun]()
    workspace.run(
        stored=stored,
        sandbox=sandbox,
        output=output,
        ran=lambda runs: ran.extend(_keep_runs(context, training_job_id, runs=runs)),
    )
    results = workspace.results(definition, ran=ran)
    context.log(f"{len(results.ran)} stages ran, {len(results.cached)} came from the cache")
    promotion = compare_with_champion(
        context, row, challenger=results.files.get(PREDICTIONS), margin=settings.promotion.margin
    )
    context.log(promotion.reason)
    context.start_publishing()
    files = {**results.files, "log.txt": context.scratch / "log.txt"}
    objects = _store(context, files, training_job_id=training_job_id)
    with context.publish({"training_job_id": training_job_id, "metrics": results.metrics}) as unit:
        TrainingJobs(context.runtime).publish(
            unit,
            training_job_id=training_job_id,
            results=results,
            promotion=promotion,
            objects=objects,
        )


def _read(
    context: JobContext, training_job_id: str
) -> tuple[TrainingJobRow, TableVersionRow, TableVersionRow] | None:
    with context.runtime.database.read() as view:
        row = TrainingJobRepository(view).get(training_job_id)
        if row is None:
            return None
        tables = TableVersionRepository(view)
        version, frozen = tables.get(row.table_version_id), tables.get(row.frozen_id)
        assert version is not None  # noqa: S101 - foreign keys say so
        assert frozen is not None  # noqa: S101
        return row, version, frozen


def _choose_commit(context: JobContext, training_job_id: str, *, commit: str) -> str:
    """Keep the commit, so that a later try of this job trains the same."""
    with context.runtime.database.write() as unit:
        row = TrainingJobRepository(unit).get(training_job_id)
        if row is not None:
            row.commit = row.commit or commit
            commit = row.commit
    return commit


def _check_out(
    workspace: Workspace, mirror: Mirror, *, row: TrainingJobRow, commit: str
) -> Definition:
    if not mirror.has(commit):
        mirror.refresh()
    given = definition_at(mirror, row.pipeline, commit=commit).params
    params = apply_params(row.pipeline, given=given, changes=row.changes)
    return workspace.check_out(mirror, commit=commit, params=params)


def _has_what_it_asks_for(
    context: JobContext, training_job_id: str, *, definition: Definition
) -> bool:
    """False when the job has gone to a worker that has a GPU.

    Whoever asked for it may not have known the pipeline: a trigger trains what is there by then.
    """
    with context.runtime.database.write() as unit:
        row = TrainingJobRepository(unit).get(training_job_id)
        if row is None:
            return False
        row.gpus = definition.gpus if row.gpus is None else row.gpus
        missing = bool(row.gpus) and context.gpu is None
    if missing:
        context.log("The training asks for a GPU, and goes to the workers that have one.")
        context.move_to_gpu()
    return not missing


def _sandbox(
    context: JobContext,
    workspace: Workspace,
    *,
    settings: TrainingSettings,
    gpu_stages: tuple[str, ...],
) -> Sandbox:
    """The stages' shell, with the environment that the pipeline's requirements name.

    Raises:
        PipelineInvalidError: the pipeline names no requirements.
        EnvironmentBuildError: they cannot be installed.
    """
    if not workspace.requirements:
        raise PipelineInvalidError("The pipeline has no requirements.txt: say what it imports.")
    environment = Environments(settings.environments_folder).ensure(
        workspace.requirements,
        log=context.log,
        progress=lambda done: context.progress(done, unit="bytes"),
    )
    sandbox = Sandbox(
        context.scratch,
        journal=_journal(context, settings=settings),
        workspace=workspace.root,
        python=environment.python.absolute(),
        settings=settings.stages,
        device=cpu_name(),
        gpu=context.gpu,
        gpu_stages=gpu_stages,
    )
    if not sandbox.isolated:
        context.log(
            "Stages run without isolation here; `fleet doctor` says what is missing.",
            level="warning",
        )
    return sandbox


def _journal(context: JobContext, *, settings: TrainingSettings) -> Path:
    """One for all tries of the job on this machine; those that nobody needs any more are deleted.

    It lies beside DVC's cache, from which a later try restores what an earlier one ran.
    """
    folder = settings.training_folder / "journals"
    for old in folder.glob("*.jsonl"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - old.stat().st_mtime > _JOURNAL_LIFE_S:
                old.unlink()
    return folder / f"{context.job.id}.jsonl"


def _keep_runs(
    context: JobContext, training_job_id: str, *, runs: list[StageRun]
) -> list[StageRun]:
    """All that tries of this job have run, here or on other workers; this one's are kept too."""
    with context.runtime.database.write() as unit:
        row = TrainingJobRepository(unit).get(training_job_id)
        if row is None:
            return runs
        known = latest_runs([*(StageRun(**each) for each in row.ran or ()), *runs])
        row.ran = [asdict(run) for run in known]
    return known


def _store(
    context: JobContext, files: dict[str, Path], *, training_job_id: str
) -> dict[str, StoredObject]:
    """Each file under a key of this try; nobody sees them before they are named."""
    stored = {}
    for number, (name, path) in enumerate(sorted(files.items())):
        key = artifact_key(
            context.job.tenant, training_job_id, context.job.writer, f"{number:04}-{path.name}"
        )
        stored[name] = context.runtime.store.put_file(key, path)
        crash_point("training.train.object_put")
    return stored
