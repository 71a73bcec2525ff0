"""`…/report` below a training job and below a decision: what became of it, in four forms."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from shared_lib.contracts.identity import Caller
from shared_lib.contracts.scopes import Scope
from shared_lib.web import requires
from shared_lib.web.downloads import send_object
from shared_lib.web.state import state_of
from svc_training.reports.picture import content_security_policy
from svc_training.reports.views import read_form
from svc_training.settings import GitHubSettings, TrainingSettings

router = APIRouter(prefix="/v1", tags=["reports"])

Reader = Annotated[Caller, Depends(requires(Scope.TRAINING_READ))]
Form = Literal["json", "markdown", "svg", "png"]
AskedForm = Annotated[Form, Query(alias="as", description="Which form of the report.")]

_MEDIA_TYPES: dict[Form, str] = {
    "json": "application/json",
    "markdown": "text/markdown; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
}
_SUFFIXES: dict[Form, str] = {"json": "json", "markdown": "md", "svg": "svg", "png": "png"}


def github_settings(request: Request) -> GitHubSettings:
    """Whether pull requests can be told of anything."""
    settings = state_of(request).runtime.settings
    assert isinstance(settings, TrainingSettings)  # noqa: S101 - whose app it is
    return settings.github


GitHubSet = Annotated[GitHubSettings, Depends(github_settings)]


@router.get("/training-jobs/{training_job_id}/report", response_class=Response)
def read_report(
    request: Request, *, training_job_id: str, caller: Reader, form: AskedForm = "json"
) -> Response:
    """What became of a training: numbers against the champion, data, params, stages, gate."""
    return _send(request, training_job_id, tenant=caller.tenant, form=form)


@router.get("/triggers/decisions/{decision_id}/report", response_class=Response)
def read_refusal(
    request: Request, *, decision_id: str, caller: Reader, form: AskedForm = "json"
) -> Response:
    """Why nothing was trained, as a pull request was told."""
    return _send(request, decision_id, tenant=caller.tenant, form=form)


def _send(request: Request, subject_id: str, *, tenant: str, form: Form) -> Response:
    runtime = state_of(request).runtime
    with runtime.database.read() as view:
        found = read_form(view, subject_id, tenant=tenant, form=form)
    name = f"{subject_id}.{_SUFFIXES[form]}"
    answer = send_object(
        request,
        store=runtime.store,
        key=found.object_key,
        size=found.bytes,
        sha256=found.sha256,
        filename=name,
        media_type=_MEDIA_TYPES[form],
    )
    answer.headers["Content-Disposition"] = f'inline; filename="{name}"'
    answer.headers["Content-Security-Policy"] = content_security_policy()
    return answer
