"""The page of savings, and the prices behind it."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from gateway.access import current_principal, state_of
from gateway.pages.asking import LeadsToSignIn, ask
from gateway.pages.rendering import render
from gateway.pages.table_views import draw_money

router = APIRouter(include_in_schema=False, dependencies=[Depends(LeadsToSignIn())])

FIELDS = {
    "storage_per_gb_month": "A GB of tables, a month",
    "retention_months": "Months that everything is kept",
    "raw_per_gb_month": "A GB of raw files beside tables, a month",
    "scan_per_tb": "A TB read by queries",
    "counts_per_month": "Counts of a table, a month",
    "column_scans_per_month": "Reads of one column, a month",
    "filters_per_month": "Reads with a filter, a month",
    "transfer_per_gb": "A GB that leaves",
    "downloads_per_month": "Downloads of all, a month",
}


@router.get("/savings")
async def savings_page(request: Request, dataset: str = "") -> HTMLResponse:
    """What was saved, by dataset and in total; what was assumed; other prices."""
    params = {"dataset": dataset} if dataset else {}
    savings = await ask(request, "/v1/savings", **params)
    return render(
        request,
        "savings.html",
        heading="Savings",
        savings=savings,
        dataset=dataset,
        chart=draw_money(savings["total"]["money"], currency=savings["prices"]["currency"]),
        fields=FIELDS,
        cli=f"fleet dataset savings {dataset}".rstrip(),
        json_path="/v1/savings",
    )


@router.post("/savings/prices")
async def set_prices(
    request: Request, currency: Annotated[str, Form()], raw_kept: Annotated[str, Form()] = ""
) -> Response:
    """Set the prices, then show what they make of it."""
    form = await request.form()
    given: dict[str, Any] = {name: form.get(name) for name in FIELDS if form.get(name)}
    body = given | {"currency": currency.strip().upper(), "raw_kept": bool(raw_kept)}
    caller = current_principal(request).caller
    await state_of(request).backend.put_json(caller, "/v1/savings/prices", body=body)
    return RedirectResponse("/savings", status_code=303)
