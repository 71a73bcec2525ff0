"""Events on one version that come at once: whoever is later sees what the other has told."""

import threading

from training_service import Training

from shared_lib.contracts.events import (
    JUDGEMENTS_REQUESTED,
    TABLE_PUBLISHED,
    Event,
    JudgementsRequested,
    TablePublished,
)
from shared_lib.contracts.services import ServiceName
from shared_lib.testing.services import TENANT, event_of
from svc_training.tables.service import Tables

AT_ONCE_S = 0.5
TABLE = TablePublished(
    dataset_id="ds_1",
    dataset_name="sales",
    version_id="dv_1",
    version_number=1,
    file_id="fi_1",
    table_id="tb_1",
    table_version_id="tv_1",
    table_name="sales",
    parts=["tables/a"],
    job_id="job_pq_1",
    rows=1,
    columns=1,
    bytes_in=1,
    bytes_out=1,
    quarantined_rows=0,
)
ASKED = JudgementsRequested(
    version_id="dv_1", file_id="fi_1", table_version_id="tv_1", judgements=[]
)


def test_two_events_at_once_are_decided_upon_once(training: Training) -> None:
    settled: list[str] = []
    tables = Tables(settled=lambda _unit, version, _gate: settled.append(version.id))
    database = training.runtime.database
    told = {"tenant": TENANT, "flow_id": "fl_1"}
    published = event_of(TABLE_PUBLISHED, TABLE, producer=ServiceName.PARQUET, **told)
    asked = event_of(JUDGEMENTS_REQUESTED, ASKED, producer=ServiceName.QUALITY, **told)

    def hear_of_judgements() -> None:
        with database.write() as unit:
            tables.on_judgements_requested(unit, Event.model_validate(asked), ASKED)

    other = threading.Thread(target=hear_of_judgements)
    with database.write() as unit:
        tables.on_table_published(unit, Event.model_validate(published), TABLE)
        other.start()
        other.join(AT_ONCE_S)  # long enough to look before this unit commits
    other.join()

    assert settled == ["tv_1"]
