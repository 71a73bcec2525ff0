"""Totals are exact, of one tenant alone, and add up."""

from datetime import timedelta

import pytest
from ingest_service import Ingest
from sqlalchemy import update

from shared_lib.contracts.base import utc_now
from shared_lib.testing.services import OTHER
from svc_ingest.files.models import FileRow
from svc_ingest.statistics.endpoints import DAYS
from svc_ingest.statistics.repository import name_format


def test_an_empty_tenant_has_landed_nothing(ingest: Ingest) -> None:
    totals = ingest.get("/v1/statistics")

    assert totals.pop("as_of")
    assert set(map(str, totals.values())) == {"0", "[]"}


def test_totals_count_what_landed_once_each(ingest: Ingest) -> None:
    first = ingest.land("people", "a.csv", b"a\n1\n")
    ingest.land("people", "b.csv", b"a\n1\n")
    ingest.land("places", "deep/c.JSONL.gz", b"x" * 100)
    ingest.tell_table(first, job_id=ingest.tell_job(first), rows=12, bytes_out=34)
    ingest.put("waiting.csv", b"never lands")
    ingest.put("theirs.csv", b"theirs", dataset="people", tenant=OTHER)

    totals = ingest.get("/v1/statistics")

    assert {name: totals[name] for name in ("datasets", "versions", "files")} == {
        "datasets": 2,
        "versions": 3,
        "files": 3,
    }
    assert totals["bytes_landed"] == 108
    # The same content twice is stored once; what waits to land is stored too.
    assert totals["bytes_stored"] == 104 + len(b"never lands")
    assert (totals["rows_published"], totals["bytes_as_tables"]) == (12, 34)
    assert totals["by_day"] == [{"day": utc_now().date().isoformat(), "files": 3, "bytes": 108}]
    assert totals["by_format"] == [
        {"format": "jsonl.gz", "files": 1, "bytes": 100},
        {"format": "csv", "files": 2, "bytes": 8},
    ]


def test_days_are_of_utc_and_go_back_a_month(ingest: Ingest) -> None:
    midnight = utc_now().replace(hour=0, minute=0, second=0, microsecond=0)
    moments = [
        midnight,
        midnight - timedelta(microseconds=1),
        midnight - timedelta(days=DAYS - 1),
        midnight - timedelta(days=DAYS - 1, microseconds=1),
    ]
    for moment in moments:
        (file,) = ingest.land("people")["files"]
        with ingest.runtime.database.write() as unit:
            unit.session.execute(
                update(FileRow).where(FileRow.id == file["id"]).values(created_at=moment)
            )

    totals = ingest.get("/v1/statistics")

    assert totals["files"] == 4
    assert [day["day"] for day in totals["by_day"]] == [
        moments[index].date().isoformat() for index in (2, 1, 0)
    ]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.csv", "csv"),
        ("deep.d/A.CSV", "csv"),
        ("a.tar.gz", "tar.gz"),
        ("report.2024.csv", "csv"),
        ("README", "none"),
        (".hidden", "none"),
        ("a.csv.zst", "csv.zst"),
    ],
)
def test_the_format_is_the_ending(path: str, expected: str) -> None:
    assert name_format(path) == expected
