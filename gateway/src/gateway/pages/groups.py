"""The pages of how a base groups: its clusters on a map, its categories with their curve."""

import asyncio

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from gateway.pages import group_views
from gateway.pages.asking import LeadsToSignIn, ask, ask_unless
from gateway.pages.rendering import render

SHOWN = 20
NOT_GROUPED = "not_grouped"

router = APIRouter(include_in_schema=False, dependencies=[Depends(LeadsToSignIn())])


@router.get("/knowledge/{base}/clusters")
async def clusters_page(request: Request, base: str) -> HTMLResponse:
    """The map, and the same as a table with what has changed since the build before."""
    path = f"/v1/knowledge-bases/{base}/clusters"
    (found, why), (places, _) = await asyncio.gather(
        ask_unless(request, path, code=NOT_GROUPED),
        ask_unless(request, f"{path}/map", code=NOT_GROUPED),
    )
    return render(
        request,
        "knowledge_clusters.html",
        heading=f"How {base} groups",
        base=base,
        found=found,
        why=why,
        drawing=group_views.draw_map(found, places, base=base) if found and places else None,
        places=places,
        cli=f"fleet kb clusters {base}",
        json_path=path,
    )


@router.get("/knowledge/{base}/clusters/{cluster}")
async def cluster_page(
    request: Request, base: str, cluster: str, cursor: str | None = None
) -> HTMLResponse:
    """One cluster and its records; `none` stands for the records in none."""
    path = f"/v1/knowledge-bases/{base}"
    known = "" if cluster == "none" else cluster
    found, page = await asyncio.gather(
        ask(request, f"{path}/clusters"),
        ask(request, f"{path}/records", cluster=known, limit=SHOWN, **_behind(cursor)),
    )
    chosen = next((each for each in found["clusters"] if each["id"] == known), None)
    return render(
        request,
        "knowledge_group.html",
        heading=chosen["label"] if chosen else "Records in no cluster",
        base=base,
        up=("clusters", "Clusters"),
        terms=chosen["terms"] if chosen else [],
        note=group_views.note_of(chosen, outliers=found["outliers"]),
        page=page,
        here=f"/knowledge/{base}/clusters/{cluster}",
        cli=f"fleet kb clusters {base} --records {cluster}",
        json_path=f"{path}/records?cluster={known}",
    )


@router.get("/knowledge/{base}/categories")
async def categories_page(
    request: Request, base: str, category: str | None = None, cursor: str | None = None
) -> HTMLResponse:
    """All categories and how far they can be believed; or one, and its records."""
    path = f"/v1/knowledge-bases/{base}"
    if category is not None:
        return await _category_page(request, base, category, cursor)
    found, why = await ask_unless(request, f"{path}/categories", code=NOT_GROUPED)
    return render(
        request,
        "knowledge_categories.html",
        heading=f"What {base} is about",
        base=base,
        found=found,
        why=why,
        quality=group_views.quality_of(found) if found else {},
        drawings=group_views.draw_report(found["report"]) if found and found["report"] else None,
        cli=f"fleet kb categories {base}",
        json_path=f"{path}/categories",
    )


async def _category_page(
    request: Request, base: str, category: str, cursor: str | None
) -> HTMLResponse:
    path = f"/v1/knowledge-bases/{base}"
    found, page = await asyncio.gather(
        ask(request, f"{path}/categories"),
        ask(request, f"{path}/records", category=category, limit=SHOWN, **_behind(cursor)),
    )
    chosen = next((each for each in found["categories"] if each["id"] == category), None)
    size = chosen["size"] if chosen else found["abstained"]
    return render(
        request,
        "knowledge_group.html",
        heading=chosen["label"] if chosen else "Records without a category",
        base=base,
        up=("categories", "Categories"),
        terms=chosen["terms"] if chosen else [],
        note=f"{size:,} records. {chosen['description'] if chosen else ''}".strip(),
        page=page,
        here=f"/knowledge/{base}/categories",
        category=category,
        cli=f"fleet kb categories {base} --records {category or '””'}",
        json_path=f"{path}/categories",
    )


def _behind(cursor: str | None) -> dict[str, str]:
    return {"cursor": cursor} if cursor else {}
