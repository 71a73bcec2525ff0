"""Each member has its own database and its own key, and believes nobody without an identity."""

import httpx
import psutil
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from shared_lib.contracts.services import ServiceName
from shared_lib.testing.scaled_out import ScaledOutFleet
from shared_lib.testing.servers.fleet_servers import PACKAGES

pytestmark = pytest.mark.xdist_group("scaled_out")


@pytest.mark.parametrize("package", PACKAGES)
def test_no_member_enters_the_database_of_another(
    package: str, scaled_out_fleet: ScaledOutFleet
) -> None:
    for other in PACKAGES:
        engine = create_engine(scaled_out_fleet.servers.database_url(package, database=other))
        if other == package:
            with engine.connect() as connection:
                assert connection.scalar(text("SELECT current_database()")) == package
        else:
            with pytest.raises(OperationalError, match="permission denied for database"):
                engine.connect()
        engine.dispose()


def test_no_process_is_given_what_is_anothers(scaled_out_fleet: ScaledOutFleet) -> None:
    passwords = scaled_out_fleet.servers.passwords
    for name, member in scaled_out_fleet.members.items():
        own = name.partition("-worker")[0].rstrip("-0123456789").replace("-", "_")
        known = " ".join(psutil.Process(member.pid).environ().values())
        assert passwords[own] in known
        assert not [other for other, word in passwords.items() if other != own and word in known]


def test_no_member_has_the_key_of_another(scaled_out_fleet: ScaledOutFleet) -> None:
    for service in ServiceName:
        folder = scaled_out_fleet.folder / "secrets" / service.value
        assert {path.name for path in folder.glob("*.key")} == {f"{service.value}.key"}
        assert {path.stem for path in folder.glob("*.pub")} == {name.value for name in ServiceName}


@pytest.mark.parametrize("path", ["/v1/datasets", "/v1/flows", "/v1/jobs", "/internal/v1/events"])
def test_a_service_on_localhost_refuses_who_does_not_say_who_it_is(
    path: str, scaled_out_fleet: ScaledOutFleet
) -> None:
    port = scaled_out_fleet.members["svc-ingest-1"].port
    method = "POST" if path.startswith("/internal") else "GET"

    for headers in ({}, {"Authorization": f"Bearer {scaled_out_fleet.key}"}):
        answer = httpx.request(method, f"http://127.0.0.1:{port}{path}", headers=headers)
        assert answer.status_code == 401, answer.text
