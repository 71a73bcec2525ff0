"""Event streams: parsed at any cut, and read to their end over broken connections."""

import json

import pytest
from faulty_server import answer, faulty_server, open_answer
from hypothesis import given
from hypothesis import strategies as st

from datafleet import Client, NotFoundError, RetryPolicy, UnreachableError, WaitTimedOutError
from datafleet.streams import Event, EventParser

AT_ONCE = RetryPolicy(attempts=3, first_s=0.0)
STREAM = "text/event-stream"


def sse(name: str, data: object, id_: int | None = None) -> bytes:
    identity = "" if id_ is None else f"id: {id_}\n"
    return f"event: {name}\n{identity}data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def flow(state: str) -> dict[str, object]:
    return {
        "id": "fl_1",
        "dataset_id": "ds_1",
        "dataset_name": "orders",
        "version_id": "dv_1",
        "version_number": 1,
        "state": state,
        "created_at": "2026-01-01T00:00:00Z",
        "a_field_of_a_newer_fleet": 1,
    }


EVENTS = st.lists(
    st.builds(
        Event,
        name=st.sampled_from(["state", "log", "end"]),
        data=st.text(st.characters(exclude_characters="\r\n\0", codec="utf-8"), min_size=1),
        id=st.integers(min_value=0).map(str),
    ),
    max_size=5,
)


@given(EVENTS, st.sampled_from(["\n", "\r\n", "\r"]), st.data())
def test_events_are_the_same_however_the_bytes_are_cut(
    events: list[Event], end: str, data: st.DataObject
) -> None:
    lines = [": a comment", "retry: 2000", ""]
    for event in events:
        lines += [f"event: {event.name}", f"id: {event.id}", f"data: {event.data}", ""]
    wire = "".join(line + end for line in lines).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=8)))
    parser = EventParser()
    found = []
    for start, stop in zip([0, *cuts], [*cuts, len(wire)], strict=True):
        found += parser.feed(wire[start:stop])
    # A lone CR at the very end may still become a CR LF.
    found += parser.feed(b"\n")

    assert found == events


def test_several_lines_of_data_are_one_text_and_an_empty_event_is_none() -> None:
    assert list(EventParser().feed(b"data: a\ndata:b\n\nevent: x\n\n: c\n\n")) == [
        Event(name="message", data="a\nb")
    ]


def test_a_broken_stream_goes_on_after_the_last_event() -> None:
    answers = [
        open_answer(sse("flow", flow("running"), 7) + b"event: flow\nda", media_type=STREAM),
        answer("503 Service Unavailable", b"{}", Retry_After="0"),
        open_answer(sse("flow", flow("running"), 9), media_type=STREAM),
        open_answer(sse("end", flow("succeeded"), 9), media_type=STREAM),
    ]
    with faulty_server(answers) as server, Client(server.address, retries=AT_ONCE) as client:
        states = [found.state.value for found in client.flows.watch("fl_1")]

    assert states == ["running", "running", "succeeded"]
    assert [r.headers.get("last-event-id") for r in server.requests] == [None, "7", "7", "9"]


def test_letters_that_end_lines_in_python_only_do_not_cut_an_event() -> None:
    said = {**flow("succeeded"), "dataset_name": "a\u2028b\x0bc\x85d"}
    with (
        faulty_server([open_answer(sse("end", said), media_type=STREAM)]) as server,
        Client(server.address) as client,
    ):
        assert [f.dataset_name for f in client.flows.watch("fl_1")] == ["a\u2028b\x0bc\x85d"]


def test_a_stream_that_brings_nothing_new_is_given_up() -> None:
    answers = [open_answer(b"retry: 10\n\n", media_type=STREAM)] * 5
    with (
        faulty_server(answers) as server,
        Client(server.address, retries=AT_ONCE) as client,
        pytest.raises(UnreachableError, match="ended before its last event"),
    ):
        list(client.flows.watch("fl_1"))
    assert len(server.requests) == AT_ONCE.attempts


def test_a_refusal_is_final() -> None:
    problem = {"type": "x", "title": "No", "status": 404, "code": "flow_not_found", "detail": "No."}
    refused = answer("404 Not Found", json.dumps(problem).encode())
    with (
        faulty_server([refused]) as server,
        Client(server.address, retries=AT_ONCE) as client,
        pytest.raises(NotFoundError, match=r"No\."),
    ):
        list(client.flows.watch("fl_1"))
    assert len(server.requests) == 1


def test_the_time_to_wait_ends_a_stream_that_goes_on() -> None:
    running = open_answer(sse("flow", flow("running"), 1), media_type=STREAM)
    with (
        faulty_server([running] * 3) as server,
        Client(server.address, retries=AT_ONCE) as client,
        pytest.raises(WaitTimedOutError),
    ):
        client.flows.wait("fl_1", timeout_s=0)
