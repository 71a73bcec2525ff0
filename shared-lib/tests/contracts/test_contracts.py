"""Contracts: ids, times, events and the table of services hold together."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared_lib.contracts.base import Contract, UtcTime, format_utc
from shared_lib.contracts.errors import FleetError, InvalidInputError, NoSpaceError
from shared_lib.contracts.events import EVENTS, Event
from shared_lib.contracts.ids import IdKind, job_owner, new_id, new_job_id, uuid7_hex
from shared_lib.contracts.internal import EVENTS_PATH, INTERNAL_CALLS, may_call
from shared_lib.contracts.jobs import JobState
from shared_lib.contracts.scopes import ROLE_SCOPES, Role, Scope
from shared_lib.contracts.services import JOB_OWNERS, SERVICES, ServiceName


class Moment(Contract):
    at: UtcTime


def test_ids_are_unique_and_in_the_order_of_their_making() -> None:
    made = [uuid7_hex() for _ in range(10_000)]
    assert made == sorted(set(made))
    assert {each[12] for each in made} == {"7"}
    assert {each[16] for each in made} <= set("89ab")
    with ThreadPoolExecutor(4) as pool:
        threads = pool.map(lambda _: [uuid7_hex() for _ in range(2000)], range(4))
        together = list(itertools.chain(*threads))
    assert len(set(together)) == len(together)


def test_an_id_says_what_it_names_and_whose_it_is() -> None:
    assert new_id(IdKind.DATASET).startswith("ds_")
    for owner, service in JOB_OWNERS.items():
        assert job_owner(new_job_id(owner)) == owner
        assert SERVICES[service].job_owner == owner
    assert [job_owner(each) for each in ("", "job", "ds_x", "job_x", "job_a_b_c")] == [None] * 5


@given(st.datetimes(min_value=datetime(1000, 1, 1), max_value=datetime(9000, 1, 1)))  # noqa: DTZ001 - hypothesis adds the zone
def test_a_time_leaves_in_utc_with_a_z(moment: datetime) -> None:
    east = moment.replace(tzinfo=timezone(timedelta(hours=5, minutes=45)))
    text = Moment(at=east).model_dump(mode="json")["at"]

    assert text == format_utc(east)
    assert text.endswith("Z")
    back = Moment.model_validate({"at": text}).at
    assert abs(back - east) < timedelta(milliseconds=1)
    assert back.tzinfo is UTC


def test_a_time_without_a_zone_and_an_unknown_field_are_refused() -> None:
    for wrong in ({"at": "2026-01-01T00:00:00"}, {"at": "2026-01-01T00:00:00Z", "x": 1}):
        with pytest.raises(ValidationError):
            Moment.model_validate(wrong)


def every(kind: type[FleetError]) -> set[type[FleetError]]:
    return {kind}.union(*(every(each) for each in kind.__subclasses__()))


def test_errors_carry_their_code_place_and_kind() -> None:
    problem = InvalidInputError("Row 7 is wrong. Correct it.", row=7).problem(flow_id="fl_1")
    assert problem.model_dump(mode="json", exclude_none=True) == {
        "type": "urn:datafleet:error:invalid_input",
        "title": "A value is not accepted",
        "status": 422,
        "code": "invalid_input",
        "detail": "Row 7 is wrong. Correct it.",
        "flow_id": "fl_1",
        "row": 7,
    }
    assert NoSpaceError.failure == "infrastructure"
    for error in every(FleetError):
        assert error.code.replace("_", "").isalnum()
        assert error.code.islower()
        assert 400 <= error.status < 600
        assert error.title


def test_every_event_has_one_name_a_version_and_known_subscribers() -> None:
    for name, spec in EVENTS.items():
        assert spec.name == name
        assert spec.schema_version >= 1
        assert set(spec.subscribers) <= set(SERVICES)
        for subscriber in spec.subscribers:
            assert all(may_call(each, target=subscriber, path=EVENTS_PATH) for each in SERVICES)
    assert not may_call(ServiceName.GATEWAY, target=ServiceName.INGEST, path=EVENTS_PATH)
    assert not may_call("nobody", target=ServiceName.INGEST, path=EVENTS_PATH)
    assert all(call.path.startswith("/internal/") for call in INTERNAL_CALLS)
    assert "producer" in Event.model_fields


def test_no_path_belongs_to_two_services() -> None:
    prefixes = [prefix for spec in SERVICES.values() for prefix in spec.prefixes]
    assert len(prefixes) == len(set(prefixes))
    assert not [(a, b) for a, b in itertools.permutations(prefixes, 2) if b.startswith(f"{a}/")]


def test_each_role_may_what_the_one_before_may() -> None:
    sets = [ROLE_SCOPES[role] for role in (Role.VIEWER, Role.EDITOR, Role.ADMIN, Role.OWNER)]
    assert all(a < b for a, b in itertools.pairwise(sets))
    assert sets[-1] == set(Scope)
    assert {state for state in JobState if state.ended} == {
        JobState.SUCCEEDED,
        JobState.FAILED,
        JobState.CANCELLED,
        JobState.DEAD,
    }
