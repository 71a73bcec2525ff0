"""`/v1/savings`: what tables save, and the prices behind it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from shared_lib.contracts.identity import Caller
from shared_lib.contracts.savings import PriceTable, Savings
from shared_lib.contracts.scopes import Scope
from shared_lib.web import Once, requires
from shared_lib.web.state import service_of, state_of
from svc_parquet.savings.service import SavingsService

router = APIRouter(prefix="/v1/savings", tags=["savings"])

Reader = Annotated[Caller, Depends(requires(Scope.TABLES_READ))]
Writer = Annotated[Caller, Depends(requires(Scope.TABLES_WRITE))]


def _savings(request: Request) -> SavingsService:
    savings: SavingsService = service_of(request, SavingsService)
    return savings


Service = Annotated[SavingsService, Depends(_savings)]


@router.get("")
def read_savings(
    caller: Reader,
    savings: Service,
    dataset: Annotated[str | None, Query(description="Name or id of a dataset.")] = None,
) -> Savings:
    """Bytes and money with the raw files and with the tables, by dataset and in total."""
    return savings.read(tenant=caller.tenant, dataset=dataset)


@router.get("/prices")
def read_prices(request: Request, caller: Reader, savings: Service) -> PriceTable:
    """The prices that savings are told by."""
    with state_of(request).runtime.database.read() as view:
        return savings.prices(view, tenant=caller.tenant)


@router.put("/prices", response_model=PriceTable)
def set_prices(body: PriceTable, caller: Writer, savings: Service, once: Once) -> Response:
    """Set all prices; what is left out is as if nobody had set it."""
    return once.run(
        lambda unit: savings.set_prices(unit, body, tenant=caller.tenant, subject=caller.subject)
    )
