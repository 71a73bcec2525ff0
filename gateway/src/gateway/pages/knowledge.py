"""The pages of knowledge bases: what is read, what is found, where each passage stands."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from gateway.access import current_principal, state_of
from gateway.pages.asking import LeadsToSignIn, ask, ask_unless
from gateway.pages.rendering import render
from gateway.pages.trees import branches, patterns_of

HITS = 20
SIMILAR = 5
FILTERS = ("folder", "mime", "language", "element_type", "cluster", "category")

router = APIRouter(include_in_schema=False, dependencies=[Depends(LeadsToSignIn())])


@router.get("/knowledge")
async def base_list(request: Request, cursor: str | None = None) -> HTMLResponse:
    """All bases, and the form that makes one."""
    path = "/v1/knowledge-bases"
    page = await ask(request, path, **({"cursor": cursor} if cursor else {}))
    return render(
        request,
        "knowledge.html",
        heading="Knowledge",
        page=page,
        cli="fleet kb list",
        json_path=path,
    )


@router.post("/knowledge")
async def make_base(
    request: Request, name: Annotated[str, Form()], dataset: Annotated[str, Form()]
) -> Response:
    """Make a base, then choose what it reads."""
    backend = state_of(request).backend
    body = {"name": name, "dataset": dataset}
    base = await backend.post_json(
        current_principal(request).caller, "/v1/knowledge-bases", body=body
    )
    return RedirectResponse(f"/knowledge/{base['name']}", status_code=303)


@router.get("/knowledge/{base}")
async def base_page(
    request: Request,
    *,
    base: str,
    q: str = "",
    folder: str = "",
    mime: str = "",
    language: str = "",
    element_type: str = "",
    cluster: str = "",
    category: str = "",
) -> HTMLResponse:
    """A base: search with facets, counts, what was not read, builds."""
    path = f"/v1/knowledge-bases/{base}"
    given = zip(FILTERS, (folder, mime, language, element_type, cluster, category), strict=True)
    chosen = {name: value for name, value in given if value}
    found = await ask(request, path)
    answer: Any = None
    unread: list[Any] = []
    if found["current_build"] is not None:
        documents = f"{path}/documents"
        failed, skipped = await asyncio.gather(
            ask(request, documents, fate="failed", limit=20),
            ask(request, documents, fate="skipped", limit=20),
        )
        unread = [*failed["items"], *skipped["items"]]
        if q.strip():
            answer = await ask(request, f"{path}/search", q=q, limit=HITS, **chosen)
    builds = await ask(request, f"{path}/builds", limit=10)
    return render(
        request,
        "knowledge_base.html",
        heading=found["name"],
        base=found,
        builds=builds["items"],
        unread=unread,
        answer=answer,
        query=q,
        chosen=chosen,
        cli=f'fleet kb search {found["name"]} "{q}"' if q else f"fleet kb show {found['name']}",
        json_path=path,
    )


@router.get("/knowledge/{base}/tree")
async def tree_page(request: Request, base: str) -> HTMLResponse:
    """The folders of the newest version with ticks: what the next build reads."""
    path = f"/v1/knowledge-bases/{base}"
    found, tree = await asyncio.gather(ask(request, path), ask(request, f"{path}/tree"))
    return render(
        request,
        "knowledge_tree.html",
        heading=f"What {found['name']} reads",
        base=found,
        tree=tree,
        top=branches(tree["folders"]),
        cli=f"fleet kb rebuild {found['name']}",
        json_path=f"{path}/tree",
    )


@router.post("/knowledge/{base}/builds")
async def build_base(
    request: Request, base: str, folders: Annotated[list[str] | None, Form()] = None
) -> Response:
    """Build from what is ticked, then show the job."""
    caller, backend = current_principal(request).caller, state_of(request).backend
    path = f"/v1/knowledge-bases/{base}"
    found = await ask(request, path)
    body: dict[str, Any] = {}
    if folders is not None:
        body["selection"] = found["selection"] | {"include": patterns_of(folders)}
    build = await backend.post_json(caller, f"{path}/builds", body=body)
    return RedirectResponse(f"/jobs/{build['job_id']}", status_code=303)


@router.post("/knowledge/{base}/deletion")
async def delete_base(request: Request, base: str, name: Annotated[str, Form()] = "") -> Response:
    """Delete a base when its name was typed, then show those that are left."""
    caller, backend = current_principal(request).caller, state_of(request).backend
    path = f"/v1/knowledge-bases/{base}"
    found = await ask(request, path)
    if name.strip() != found["name"]:
        return RedirectResponse(f"/knowledge/{found['name']}#delete", status_code=303)
    await backend.delete_json(caller, path)
    return RedirectResponse("/knowledge", status_code=303)


@router.get("/knowledge/{base}/records/{record_id}")
async def record_page(request: Request, base: str, record_id: str) -> HTMLResponse:
    """A record between its neighbours in the document, and what is like it."""
    path = f"/v1/knowledge-bases/{base}"
    here = f"{path}/records/{record_id}"
    record, similar, (groups, _) = await asyncio.gather(
        ask(request, here),
        ask(request, f"{here}/similar", limit=SIMILAR),
        ask_unless(request, f"{here}/groups", code="not_grouped"),
    )
    around = await ask(request, f"{path}/documents/{record['document_id']}/records", limit=500)
    place = record["position"]
    # Of a document with more records than a page of them has, the later ones stand alone.
    beside = [each for each in around["items"] if abs(each["position"] - place) == 1]
    near = sorted([record, *beside], key=lambda each: int(each["position"]))
    return render(
        request,
        "knowledge_record.html",
        heading=record["title"],
        base=base,
        record=record,
        near=near,
        similar=similar["hits"],
        groups=groups,
        cli=f"fleet kb search {base} WORDS",
        json_path=here,
    )
