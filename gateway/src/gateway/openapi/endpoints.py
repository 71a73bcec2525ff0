"""`/openapi.json`: every route of the fleet in one document."""

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from gateway.access import state_of
from shared_lib.web.identity import needs_nothing

router = APIRouter(dependencies=[Depends(needs_nothing)], include_in_schema=False)


@router.get("/openapi.json")
async def document(request: Request) -> JSONResponse:
    """The merged document."""
    return JSONResponse(await state_of(request).document.read())
