"""Flows: the journeys of dataset versions."""

from collections.abc import Iterator

from datafleet.addresses import address
from datafleet.models import Flow
from datafleet.pages import read_items
from datafleet.streams import EventStream
from datafleet.transport import Transport
from shared_lib.contracts.catalog import FlowCreate, FlowState, FlowSummary


class Flows:
    """`/v1/flows`.

    Every method raises `FleetApiError` when the fleet answers with a problem and
    `UnreachableError` when nobody answers.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(
        self,
        *,
        dataset: str | None = None,
        state: FlowState | None = None,
        limit: int | None = None,
    ) -> Iterator[FlowSummary]:
        """Your flows, newest first."""
        params = {"dataset": dataset, "state": state.value if state else None}
        return read_items(
            self._transport, "/v1/flows", item=FlowSummary, params=params, limit=limit
        )

    def create(self, body: FlowCreate) -> Flow:
        """Land received uploads as one version, whose flow goes as the body plans."""
        return self._transport.post("/v1/flows", answers=Flow, body=body)

    def read(self, flow_id: str) -> Flow:
        """A flow with all its steps."""
        return self._transport.get(address("/v1/flows", flow_id), answers=Flow)

    def watch(self, flow_id: str, *, timeout_s: float | None = None) -> Iterator[Flow]:
        """The flow as it is now and after each of its changes, until it has ended.

        Broken connections are taken up again.

        Raises:
            WaitTimedOutError: it has not ended within `timeout_s` seconds; it goes on.
        """
        path = address("/v1/flows", flow_id, "events")
        for event in EventStream(self._transport, path, timeout_s=timeout_s):
            yield Flow.model_validate_json(event.data, extra="ignore")

    def wait(self, flow_id: str, *, timeout_s: float | None = None) -> Flow:
        """The flow when it has ended.

        Raises:
            WaitTimedOutError: it has not ended within `timeout_s` seconds; it goes on.
        """
        for flow in self.watch(flow_id, timeout_s=timeout_s):
            last = flow
        return last
