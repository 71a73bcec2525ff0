"""The pages of tables, and of what is made from them."""

import asyncio
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from gateway.backend import ServiceProblemError
from gateway.pages.asking import LeadsToSignIn, ask, ask_many, send
from gateway.pages.rendering import render
from gateway.pages.table_views import describe_column, draw_labels

SHOWN_COLUMNS = 100
SHOWN_CELLS = 30
SHOWN_LABELS = 20
SHOWN_VERSIONS = 10
OFFERED_TABLES = 100
"""Of so many, the newest, one is chosen whose rows are appended."""
PROFILED_COLUMNS = 25
"""With pictures of all of them a page stays below 300 kB."""
SHOWN_STATISTICS = 200
PAGE_ROWS = 50
QUERY_ROWS = 200

Operation = Literal["eq", "ne", "lt", "le", "gt", "ge", "contains", "null", "notnull"]
OPERATIONS: dict[Operation, str] = {
    "eq": "is",
    "ne": "is not",
    "lt": "is less than",
    "le": "is at most",
    "gt": "is more than",
    "ge": "is at least",
    "contains": "contains",
    "null": "is null",
    "notnull": "is not null",
}

router = APIRouter(include_in_schema=False, dependencies=[Depends(LeadsToSignIn())])


@router.get("/tables/{table_id}")
async def table_page(request: Request, table_id: str) -> HTMLResponse:
    """A table: columns with their statistics and reasons, first rows, decisions."""
    table = await ask(request, f"/v1/tables/{table_id}")
    version = table["latest_version"]
    context: dict[str, Any] = {"table": table, "version": version}
    if version is not None:
        profiled, preview, made, versions, others = await asyncio.gather(
            ask(request, f"/v1/tables/{table_id}/profile", version=version["number"]),
            ask(request, f"/v1/tables/{table_id}/preview", version=version["number"], limit=20),
            _task_dataset(request, version),
            ask(request, f"/v1/tables/{table_id}/versions", limit=SHOWN_VERSIONS),
            ask(request, "/v1/tables", limit=OFFERED_TABLES),
        )
        columns = profiled["profile"]["columns"]
        context |= {
            "profile": profiled["profile"] | {"columns": columns[:SHOWN_COLUMNS]},
            "hidden_columns": max(len(columns) - SHOWN_COLUMNS, 0),
            "decisions": profiled["decisions"],
            "reasons": {c["name"]: c["reason"] for c in version["columns"]},
            "preview_columns": [c["name"] for c in preview["columns"]][:SHOWN_CELLS],
            "preview_rows": [row[:SHOWN_CELLS] for row in preview["rows"]],
            "versions": versions["items"],
            "others": [
                each
                for each in others["items"]
                if each["id"] != table_id and each["latest_version"] is not None
            ],
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


@router.get("/tables/{table_id}/profile")
async def profile_page(
    request: Request, table_id: str, start: Annotated[int, Query(ge=0)] = 0
) -> HTMLResponse:
    """Every column with its statistics and pictures, so many at a time."""
    table, profiled = await asyncio.gather(
        ask(request, f"/v1/tables/{table_id}"), ask(request, f"/v1/tables/{table_id}/profile")
    )
    profile = profiled["profile"]
    shown = profile["columns"][start : start + PROFILED_COLUMNS]
    more = start + PROFILED_COLUMNS < len(profile["columns"])
    return render(
        request,
        "profile.html",
        heading=f"Profile of {table['name']}",
        table=table,
        profile=profile,
        cards=[describe_column(column, rows=profile["rows"]) for column in shown],
        start=start,
        before=max(start - PROFILED_COLUMNS, 0) if start else None,
        after=start + PROFILED_COLUMNS if more else None,
        cli=f"fleet table profile {table_id}",
        json_path=f"/v1/tables/{table_id}/profile",
    )


@router.get("/tables/{table_id}/rows")
async def rows_page(
    request: Request,
    table_id: str,
    *,
    offset: Annotated[int, Query(ge=0)] = 0,
    sort: str = "",
    column: str = "",
    operation: Operation = "eq",
    value: str = "",
) -> HTMLResponse:
    """Rows from any place, filtered by one column and sorted by one; the address holds it all."""
    table = await ask(request, f"/v1/tables/{table_id}")
    version = table["latest_version"]
    names = [c["name"] for c in version["columns"]] if version else []
    params: list[tuple[str, str]] = [("offset", str(offset)), ("limit", str(PAGE_ROWS))]
    params += [("column", name) for name in names[:SHOWN_CELLS]]
    if sort:
        params.append(("sort", sort))
    if column:
        tail = "" if operation in ("null", "notnull") else f":{value}"
        params.append(("filter", f"{column}:{operation}{tail}"))
    page = await ask_many(request, f"/v1/tables/{table_id}/rows", params)
    kept = {"sort": sort, "column": column, "operation": operation, "value": value}
    return render(
        request,
        "rows.html",
        heading=f"Rows of {table['name']}",
        table=table,
        page=page,
        names=names,
        hidden_columns=max(len(names) - SHOWN_CELLS, 0),
        chosen=kept,
        operations=OPERATIONS,
        sorts=_sort_links(names[:SHOWN_CELLS], kept),
        older=_link(kept, offset=max(offset - PAGE_ROWS, 0)) if offset else None,
        newer=_link(kept, offset=offset + PAGE_ROWS) if len(page["rows"]) == PAGE_ROWS else None,
        cli=f"fleet table query {table_id} 'FROM data'",
        json_path=f"/v1/tables/{table_id}/rows",
    )


def _sort_links(names: list[str], kept: dict[str, str]) -> dict[str, str]:
    """For each column the address that sorts by it; the other way round when it does already."""
    return {
        name: _link({**kept, "sort": f"-{name}" if kept["sort"] == name else name})
        for name in names
    }


def _link(kept: dict[str, str], **more: int) -> str:
    return "?" + urlencode({k: v for k, v in {**kept, **more}.items() if v not in ("", None)})


@router.get("/tables/{table_id}/diff")
async def diff_page(
    request: Request,
    table_id: str,
    *,
    before: Annotated[int, Query(ge=1)],
    after: Annotated[int, Query(ge=1)],
    key: str = "",
) -> HTMLResponse:
    """What differs between two versions; by a key when one is chosen."""
    params = [("before", str(before)), ("after", str(after)), *([("key", key)] if key else [])]
    table, diff = await asyncio.gather(
        ask(request, f"/v1/tables/{table_id}"),
        ask_many(request, f"/v1/tables/{table_id}/diff", params),
    )
    return render(
        request,
        "diff.html",
        heading=f"{table['name']} v{before} and v{after}",
        table=table,
        diff=diff,
        statistics=diff["statistics"][:SHOWN_STATISTICS],
        hidden=max(len(diff["statistics"]) - SHOWN_STATISTICS, 0),
        key=key,
        cli=f"fleet table diff {table_id} --before {before} --after {after}",
        json_path=f"/v1/tables/{table_id}/diff?before={before}&after={after}",
    )


@router.get("/tables/{table_id}/query")
async def query_page(request: Request, table_id: str, sql: str = "") -> HTMLResponse:
    """SQL over the table, and its answer."""
    table = await ask(request, f"/v1/tables/{table_id}")
    answer, error = None, None
    if sql.strip():
        try:
            body = {"sql": sql, "limit": QUERY_ROWS}
            answer = await send(request, f"/v1/tables/{table_id}/query", body=body)
        except ServiceProblemError as refused:
            error = refused.problem().model_dump(mode="json")
    return render(
        request,
        "query.html",
        heading=f"Ask {table['name']}",
        status=error["status"] if error else 200,
        table=table,
        sql=sql or "SELECT *\nFROM data\nLIMIT 100",
        answer=answer,
        error=error,
        cli=f"fleet table query {table_id} 'FROM data'",
        json_path=f"/v1/tables/{table_id}",
    )


@router.post("/tables/{table_id}/append")
async def append_rows(
    request: Request,
    table_id: str,
    *,
    source: Annotated[str, Form()],
    widen_to_text: Annotated[str, Form()] = "",
) -> Response:
    """Ask for the next version, then show its job."""
    body = {"source_table_id": source, "widen_to_text": bool(widen_to_text)}
    made = await send(request, f"/v1/tables/{table_id}/appends", body=body)
    return RedirectResponse(f"/jobs/{made['job_id']}", status_code=303)


@router.post("/tables/{table_id}/compact")
async def compact_table(request: Request, table_id: str) -> Response:
    """Ask for the same rows in fewer files, then show the job."""
    made = await send(request, f"/v1/tables/{table_id}/compactions", body={})
    return RedirectResponse(f"/jobs/{made['job_id']}", status_code=303)


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
