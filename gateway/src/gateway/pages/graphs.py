"""The page of a knowledge base's graph: what its folders are about, exports, questions."""

from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from gateway.backend import ServiceProblemError
from gateway.pages.asking import LeadsToSignIn, ask, send
from gateway.pages.graph_views import draw, topic_edges, topics
from gateway.pages.rendering import render
from shared_lib.contracts.graphs import GRAPH_ENDINGS

ROWS = 50
"""Rows of an answer on the page."""
EXAMPLE = (
    "MATCH (f:Folder)-[:HAS_DOCUMENT]->(d:Document)-[m:MENTIONS]->(t:Term)\n"
    "RETURN t.text, count(d) AS documents, collect(DISTINCT f.path) AS folders\n"
    "ORDER BY documents DESC LIMIT 10"
)

router = APIRouter(include_in_schema=False, dependencies=[Depends(LeadsToSignIn())])


@router.get("/knowledge/{base}/graph")
async def graph_page(
    request: Request, base: str, focus: str | None = None, cypher: str = ""
) -> HTMLResponse:
    """The overview as a drawing and as tables; a query and its answer."""
    path = f"/v1/knowledge-bases/{base}/graph"
    context: dict[str, Any] = {
        "base": base,
        "exports": GRAPH_ENDINGS,
        "cypher": cypher or EXAMPLE,
        "cli": f"fleet kb query {base} 'MATCH (t:Term) RETURN t.text'",
        "json_path": path,
        "view": None,
        "answer": None,
        "error": None,
    }
    heading = f"The graph of {base}"
    try:
        view = await ask(request, path)
    except ServiceProblemError as problem:
        if problem.answered.code != "graph_being_made":
            raise
        return render(request, "knowledge_graph.html", heading=heading, refresh_s=3, **context)
    context |= {
        "view": view,
        "drawing": draw(view, focus=focus),
        "folders": [node for node in view["nodes"] if node["label"] == "Folder"],
        "focused": next((n for n in view["nodes"] if n["id"] == focus), None),
        "topics": topics(view),
        "lines": len(topic_edges(view)),
    }
    if cypher.strip():
        try:
            body = {"cypher": cypher, "limit": ROWS}
            context["answer"] = await send(request, f"{path}/query", body=body)
        except ServiceProblemError as refused:
            context["error"] = refused.problem().model_dump(mode="json")
    status = context["error"]["status"] if context["error"] else 200
    return render(request, "knowledge_graph.html", heading=heading, status=status, **context)
