"""Savings: what tables save against the files they came from."""

from datafleet.transport import Transport
from shared_lib.contracts.savings import PriceTable, Savings

_SAVINGS = "/v1/savings"


class SavingsOf:
    """`/v1/savings`.

    Every method raises `FleetApiError` when the fleet answers with a problem and
    `UnreachableError` when nobody answers.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def read(self, *, dataset: str | None = None) -> Savings:
        """Bytes and money before and after, by dataset and in total, with what was assumed."""
        params = {"dataset": dataset}
        return self._transport.get(_SAVINGS, answers=Savings, params=params)

    def prices(self) -> PriceTable:
        """The prices that savings are told by."""
        return self._transport.get(f"{_SAVINGS}/prices", answers=PriceTable)

    def set_prices(self, prices: PriceTable) -> PriceTable:
        """Set all prices; what is left out is as if nobody had set it."""
        return self._transport.put(f"{_SAVINGS}/prices", answers=PriceTable, body=prices)
