"""Settings: composed of blocks, from the environment, and not shared between services."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from shared_lib.contracts.services import ServiceName
from shared_lib.settings import ServiceSettings


def embedded(service: ServiceName, data: Path) -> ServiceSettings:
    return ServiceSettings(service=service, mode="embedded", data=data)


def test_each_service_of_one_process_has_its_own_database(tmp_path: Path) -> None:
    ingest, parquet = (
        embedded(name, tmp_path) for name in (ServiceName.INGEST, ServiceName.PARQUET)
    )

    assert ingest.database.url == f"sqlite:///{tmp_path}/databases/svc-ingest.sqlite"
    assert parquet.database.url == f"sqlite:///{tmp_path}/databases/svc-parquet.sqlite"
    assert ingest.storage.root == parquet.storage.root == tmp_path / "objects"
    assert ingest.secrets_folder == tmp_path / "secrets"


def test_the_environment_says_what_differs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FLEET_JOBS__LEASE_S", "3")
    monkeypatch.setenv("FLEET_DATABASE__POOL_SIZE", "2")
    settings = embedded(ServiceName.INGEST, tmp_path)

    assert (settings.jobs.lease_s, settings.jobs.beat_s) == (3.0, 1.0)
    assert settings.database.pool_size == 2
    assert settings.database.url.endswith("svc-ingest.sqlite")


@pytest.mark.parametrize(
    "values",
    [
        {"mode": "fleet"},
        {"mode": "embedded", "jobs": {"lease_s": 0}},
        {"mode": "embedded", "unknown": 1},
        {"mode": "embedded", "jobs": {"leese_s": 5}},
    ],
)
def test_what_is_missing_or_wrong_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ServiceSettings(service=ServiceName.INGEST, **values)
