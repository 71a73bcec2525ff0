"""The pages of tables, and of what is made from them."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from gateway.pages.asking import LeadsToSignIn, ask, send
from gateway.pages.rendering import render
from gateway.pages.table_views import draw_labels

SHOWN_COLUMNS = 100
SHOWN_CELLS = 30
SHOWN_LABELS = 20

router = APIRouter(include_in_schema=False, dependencies=[Depends(LeadsToSignIn())])


@router.get("/tables/{table_id}")
async def table_page(request: Request, table_id: str) -> HTMLResponse:
    """A table: columns with their statistics and reasons, first rows, decisions."""
    table = await ask(request, f"/v1/tables/{table_id}")
    version = table["latest_version"]
    context: dict[str, Any] = {"table": table, "version": version}
    if version is not None:
        profiled, preview, made = await asyncio.gather(
            ask(request, f"/v1/tables/{table_id}/profile", version=version["number"]),
            ask(request, f"/v1/tables/{table_id}/preview", version=version["number"], limit=20),
            _task_dataset(request, version),
        )
        columns = profiled["profile"]["columns"]
        context |= {
            "profile": profiled["profile"] | {"columns": columns[:SHOWN_COLUMNS]},
            "hidden_columns": max(len(columns) - SHOWN_COLUMNS, 0),
            "decisions": profiled["decisions"],
            "reasons": {c["name"]: c["reason"] for c in version["columns"]},
            "preview_columns": [c["name"] for c in preview["columns"]][:SHOWN_CELLS],
            "preview_rows": [row[:SHOWN_CELLS] for row in preview["rows"]],
            **made,
        }
    return render(
        request,
        "table.html",
        heading=table["name"],
        cli=f"fleet table show {table_id}",
        json_path=f"/v1/tables/{table_id}",
        **context,
    )


async def _task_dataset(request: Request, version: dict[str, Any]) -> dict[str, Any]:
    """What is to be said of a version that was made to learn from."""
    if version["origin"] != "task_dataset":
        return {"task_dataset": None}
    found = await ask(request, "/v1/task-datasets", table_version=version["id"])
    task_dataset = found["items"][0]
    summary = task_dataset["summary"]
    return {
        "task_dataset": task_dataset,
        "labels": summary["labels"][:SHOWN_LABELS],
        "hidden_labels": max(len(summary["labels"]) - SHOWN_LABELS, 0),
        "label_chart": draw_labels(summary),
    }


@router.post("/tables/{table_id}/task-dataset")
async def make_task_dataset(
    request: Request,
    table_id: str,
    *,
    name: Annotated[str, Form()],
    text: Annotated[str, Form()],
    label: Annotated[str, Form()],
    group: Annotated[str, Form()] = "",
) -> Response:
    """Ask for one with the recipe's defaults, then show its job."""
    body = {"name": name, "table_id": table_id, "text": text, "label": label}
    if group:
        body["group"] = group
    made = await send(request, "/v1/task-datasets", body=body)
    return RedirectResponse(f"/jobs/{made['job_id']}", status_code=303)
