"""The pages. Each asks the services in the name of its user and renders what they answer."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, FastAPI, Form, Query, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from gateway.access import current_principal, state_of
from gateway.pages import graphs, groups, knowledge, samples, savings, tables, views
from gateway.pages.asking import LeadsToSignIn, ask
from gateway.pages.errors import configure_page_errors
from gateway.pages.reference import group_operations
from gateway.pages.rendering import THEME_COOKIE, THEMES, render, send_static
from gateway.sessions.endpoints import close_session, open_session
from shared_lib.contracts.errors import UnauthenticatedError
from shared_lib.web.errors import RouteNotFoundError
from shared_lib.web.identity import needs_nothing

REFRESH_S = 5
CHUNK = 1024 * 1024


public = APIRouter(include_in_schema=False, dependencies=[Depends(needs_nothing)])
private = APIRouter(include_in_schema=False, dependencies=[Depends(LeadsToSignIn())])


def configure_pages(app: FastAPI) -> None:
    """Add the pages to the gateway's app."""
    app.include_router(public)
    app.include_router(private)
    app.include_router(tables.router)
    app.include_router(savings.router)
    app.include_router(knowledge.router)
    app.include_router(groups.router)
    app.include_router(graphs.router)
    configure_page_errors(app)


def _local(path: str) -> str:
    """A path of ours to go on to; anything else leads to the first page."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"


@public.get("/static/{version}/{name}")
async def static_file(version: str, name: str) -> Response:
    """A style sheet, a script, the icon."""
    found = send_static(name)
    if found is None:
        raise RouteNotFoundError(f"There is no static file {name} in version {version}.")
    return found


@public.get("/patterns")
async def patterns(request: Request) -> HTMLResponse:
    """Every part that pages are made of."""
    return render(request, "patterns.html", heading="Patterns", **samples.everything())


@public.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """The merged OpenAPI document, to read."""
    document = await state_of(request).document.read()
    return render(
        request,
        "docs.html",
        heading="API",
        groups=group_operations(document),
        base_url=str(request.base_url).rstrip("/"),
        json_path="/openapi.json",
    )


@public.post("/theme")
async def choose_theme(
    theme: Annotated[str, Form()], next_path: Annotated[str, Form(alias="next")] = "/"
) -> Response:
    """Keep the choice in a cookie; the server renders it, so nothing flashes."""
    response = RedirectResponse(_local(next_path), status_code=303)
    if theme in THEMES:
        response.set_cookie(THEME_COOKIE, theme, max_age=365 * 86400, samesite="lax", httponly=True)
    return response


@public.get("/login")
async def login_page(
    request: Request, next_path: Annotated[str, Query(alias="next")] = "/"
) -> HTMLResponse:
    """The form."""
    return render(request, "login.html", heading="Sign in", error=None, next=_local(next_path))


@public.post("/login")
async def login(
    request: Request,
    key: Annotated[str, Form()],
    next_path: Annotated[str, Form(alias="next")] = "/",
) -> Response:
    """Check the key; a session's cookie for twelve hours."""
    response = RedirectResponse(_local(next_path), status_code=303)
    try:
        await open_session(request, response, key=key)
    except UnauthenticatedError as error:
        shown = error.problem().model_dump(mode="json")
        return render(
            request,
            "login.html",
            heading="Sign in",
            status=401,
            error=shown,
            next=_local(next_path),
        )
    return response


@public.post("/logout")
async def logout(request: Request) -> Response:
    """End the session."""
    response = RedirectResponse("/login", status_code=303)
    await close_session(request, response)
    return response


@private.get("/")
async def home(request: Request) -> HTMLResponse:
    """Drop a file; what needs you, what runs, what has landed."""
    failed, running, recent, totals = await asyncio.gather(
        ask(request, "/v1/flows", state="failed", limit=5),
        ask(request, "/v1/flows", state="running", limit=5),
        ask(request, "/v1/flows", limit=10),
        ask(request, "/v1/statistics"),
    )
    return render(
        request,
        "home.html",
        heading="Drop a file, see its flow",
        failed=list(reversed(failed["items"])),
        running=running["items"],
        flows=recent["items"],
        totals=totals,
        by_day=views.draw_days(totals["by_day"]),
        form_limit=state_of(request).settings.limits.body_bytes,
        cli="fleet push FILE",
        json_path="/v1/statistics",
    )


@private.post("/upload")
async def upload(
    request: Request, file: UploadFile, dataset: Annotated[str, Form()] = ""
) -> Response:
    """The form without JavaScript: one file, passed on piece by piece."""

    async def pieces() -> AsyncIterator[bytes]:
        while piece := await file.read(CHUNK):
            yield piece

    name = file.filename or "upload"
    landed = await state_of(request).backend.stream_put(
        current_principal(request).caller,
        f"/v1/uploads/{name}",
        body=pieces(),
        params={"dataset": dataset or views.dataset_name_of(name)},
    )
    return RedirectResponse(f"/flows/{landed['version']['flow_id']}", status_code=303)


async def _listed(
    request: Request, *, noun: str, cursor: str | None, template: str, heading: str, cli: str
) -> HTMLResponse:
    page = await ask(request, f"/v1/{noun}", **({"cursor": cursor} if cursor else {}))
    return render(request, template, heading=heading, page=page, cli=cli, json_path=f"/v1/{noun}")


@private.get("/flows")
async def flow_list(request: Request, cursor: str | None = None) -> HTMLResponse:
    """Journeys, newest first."""
    return await _listed(
        request,
        noun="flows",
        cursor=cursor,
        template="flows.html",
        heading="Flows",
        cli="fleet flow list",
    )


@private.get("/flows/{flow_id}")
async def flow_page(request: Request, flow_id: str) -> HTMLResponse:
    """One journey, drawn and as a table, live while it goes on."""
    flow = await ask(request, f"/v1/flows/{flow_id}")
    running = flow["state"] == "running"
    return render(
        request,
        "flow.html",
        heading=f"{flow['dataset_name']} v{flow['version_number']}",
        flow=flow,
        drawing=views.draw_flow(flow),
        refresh_s=REFRESH_S if running else None,
        cli=f"fleet flow show {flow_id}",
        json_path=f"/v1/flows/{flow_id}",
    )


@private.get("/datasets")
async def dataset_list(request: Request, cursor: str | None = None) -> HTMLResponse:
    """The catalog."""
    return await _listed(
        request,
        noun="datasets",
        cursor=cursor,
        template="datasets.html",
        heading="Datasets",
        cli="fleet dataset list",
    )


@private.get("/datasets/{name}")
async def dataset_page(request: Request, name: str, cursor: str | None = None) -> HTMLResponse:
    """A dataset: its tables and its versions."""
    quoted = f"/v1/datasets/{name}"
    dataset, versions, tables = await asyncio.gather(
        ask(request, quoted),
        ask(request, f"{quoted}/versions", **({"cursor": cursor} if cursor else {})),
        ask(request, "/v1/tables", dataset=name),
    )
    return render(
        request,
        "dataset.html",
        heading=dataset["name"],
        dataset=dataset,
        versions=versions,
        tables=tables,
        cli=f"fleet dataset show {dataset['name']}",
        json_path=quote(quoted),
    )


@private.get("/tables")
async def table_list(request: Request, cursor: str | None = None) -> HTMLResponse:
    """What was converted."""
    return await _listed(
        request,
        noun="tables",
        cursor=cursor,
        template="tables.html",
        heading="Tables",
        cli="fleet table list",
    )


@private.get("/jobs")
async def job_list(request: Request, cursor: str | None = None) -> HTMLResponse:
    """The jobs of all services."""
    return await _listed(
        request,
        noun="jobs",
        cursor=cursor,
        template="jobs.html",
        heading="Jobs",
        cli="fleet job list",
    )


@private.get("/jobs/{job_id}")
async def job_page(request: Request, job_id: str) -> HTMLResponse:
    """A job: its state, its progress, its log, live while it runs."""
    job, log = await asyncio.gather(
        ask(request, f"/v1/jobs/{job_id}"), ask(request, f"/v1/jobs/{job_id}/log", limit=500)
    )
    return render(
        request,
        "job.html",
        heading=job["kind"],
        job=job,
        lines=log["items"],
        refresh_s=REFRESH_S if job["ended_at"] is None else None,
        cli=f"fleet job show {job_id}",
        json_path=f"/v1/jobs/{job_id}",
    )


@private.get("/reports/{subject_id}")
async def report_page(request: Request, subject_id: str) -> HTMLResponse:
    """What became of a training, or why there was none: all that a pull request is told."""
    below = "training-jobs" if subject_id.startswith("tj_") else "triggers/decisions"
    path = f"/v1/{below}/{subject_id}/report"
    report = await ask(request, path)
    return render(
        request,
        "report.html",
        heading=report["headline"],
        report=report,
        report_path=quote(path),
        cli=f"fleet pipeline report {subject_id}",
        json_path=quote(path),
    )


@private.post("/jobs/{job_id}/cancel")
async def cancel_job(request: Request, job_id: str) -> Response:
    """Cancel, then show the job."""
    backend = state_of(request).backend
    await backend.request(current_principal(request).caller, "DELETE", path=f"/v1/jobs/{job_id}")
    return RedirectResponse(f"/jobs/{job_id}", status_code=303)
