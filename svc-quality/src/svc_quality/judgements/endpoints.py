"""`/v1/judgements`: verdicts, their reports, and what people decided about them."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from shared_lib.contracts.base import Page
from shared_lib.contracts.identity import Caller
from shared_lib.contracts.quality import JudgementCreate, JudgementView, OverrideCreate
from shared_lib.contracts.scopes import Scope
from shared_lib.web import Once, PageQuery, requires
from shared_lib.web.downloads import send_object
from shared_lib.web.state import service_of, state_of
from svc_quality.judgements.service import Judgements
from svc_quality.judgements.views import (
    page_of_judgements,
    read_judgement,
    read_report,
    view_judgement,
)
from svc_quality.reports.policy import content_security_policy
from svc_quality.suites.service import Suites

router = APIRouter(prefix="/v1/judgements", tags=["judgements"])

Reader = Annotated[Caller, Depends(requires(Scope.QUALITY_READ))]
Writer = Annotated[Caller, Depends(requires(Scope.QUALITY_WRITE))]
Overrider = Annotated[Caller, Depends(requires(Scope.QUALITY_OVERRIDE))]

Form = Literal["json", "html", "deepchecks-data_integrity", "deepchecks-train_test_validation"]
HTML = "text/html; charset=utf-8"


def _judgements(request: Request) -> Judgements:
    judgements: Judgements = service_of(request, Judgements)
    return judgements


def _suites(request: Request) -> Suites:
    suites: Suites = service_of(request, Suites)
    return suites


Service = Annotated[Judgements, Depends(_judgements)]


@router.post("", status_code=202, response_model=JudgementView)
def create_judgement(
    body: JudgementCreate,
    caller: Writer,
    judgements: Service,
    suites: Annotated[Suites, Depends(_suites)],
    once: Once,
) -> Response:
    """Judge a table version now; the job is at `Location`."""
    return once.run(
        lambda unit: view_judgement(
            unit,
            judgements.request(
                unit,
                suite=suites.find(unit, body.suite, tenant=caller.tenant),
                version=suites.table_version(unit, body.table_version, tenant=caller.tenant),
            ),
        ),
        location=lambda answer: f"/v1/jobs/{answer.job_id}",
    )


@router.get("")
def list_judgements(
    request: Request,
    *,
    caller: Reader,
    page: PageQuery,
    table_version: Annotated[str | None, Query(description="Id of a table version.")] = None,
) -> Page[JudgementView]:
    """Your judgements, newest first."""
    with state_of(request).runtime.database.read() as view:
        found = page_of_judgements(
            view,
            tenant=caller.tenant,
            limit=page.limit,
            cursor=page.cursor,
            table_version=table_version,
        )
    return Page(items=found.rows, next=found.next)


@router.get("/{judgement_id}")
def read_one(request: Request, *, judgement_id: str, caller: Reader) -> JudgementView:
    """One judgement: its verdict, its reasons, what would make it pass, and overrides."""
    with state_of(request).runtime.database.read() as view:
        return view_judgement(view, read_judgement(view, judgement_id, tenant=caller.tenant))


@router.get("/{judgement_id}/report", response_class=Response)
def download_report(
    request: Request,
    *,
    judgement_id: str,
    caller: Reader,
    form: Annotated[Form, Query(alias="as")] = "json",
) -> Response:
    """Every check with its numbers, its rows and its pictures: JSON, or one HTML file."""
    runtime = state_of(request).runtime
    with runtime.database.read() as view:
        found = read_report(view, judgement_id, tenant=caller.tenant, form=form)
    answer = send_object(
        request,
        store=runtime.store,
        key=found.object_key,
        size=found.bytes,
        sha256=found.sha256,
        filename=f"{judgement_id}.{form}" + ("" if form in ("json", "html") else ".html"),
        media_type="application/json" if form == "json" else HTML,
    )
    if form in ("json", "html"):
        answer.headers["Content-Disposition"] = f'inline; filename="{judgement_id}.{form}"'
        answer.headers["Content-Security-Policy"] = content_security_policy()
    else:
        # Not ours, and full of scripts: it is saved, and opened in a place of its own.
        answer.headers["Content-Security-Policy"] = "sandbox"
    return answer


@router.post("/{judgement_id}/overrides", status_code=201, response_model=JudgementView)
def create_override(
    judgement_id: str, body: OverrideCreate, caller: Overrider, judgements: Service, once: Once
) -> Response:
    """Accept what failed, with a reason that is kept; training may then use the version."""
    return once.run(
        lambda unit: view_judgement(
            unit,
            judgements.override(
                unit, judgement_id, tenant=caller.tenant, subject=caller.subject, body=body
            ),
        )
    )
