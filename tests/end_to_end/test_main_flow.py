"""A file of one's own: pushed, converted, read back cell by cell, its journey shown."""

import csv
import io
import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import httpx
import pyarrow.parquet as pq
import pytest

from shared_lib.testing.fleet import RunningFleet

ROWS = 25_000
CP1252_ROW = 24_000


@pytest.fixture(scope="session")
def fleet(any_fleet: RunningFleet) -> RunningFleet:
    """This suite runs in both shapes."""
    return any_fleet


def _fleet(fleet: RunningFleet, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"FLEET_SERVER": fleet.address, "FLEET_KEY": fleet.key}
    script = str(Path(sys.executable).with_name("fleet"))
    return subprocess.run(
        [script, *words], capture_output=True, text=True, env=env, cwd=cwd, timeout=120, check=False
    )


def _write_awkward(path: Path) -> None:
    """Quoted newlines, leading zeros, a late change of type, one line in cp1252."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["zip", "comment", "amount", "late", "day"])
    for row in range(ROWS):
        late = f"{row}" if row < ROWS - 3 else f"{row}b"
        comment = f'line one\nline "two" of {row}' if row % 3 else f"plain, {row}"
        writer.writerow([f"{row:06d}", comment, f"{row}.25", late, f"2026-01-{row % 28 + 1:02d}"])
    lines = out.getvalue().encode()
    bad = f'{CP1252_ROW:06d},"caf\xe9",1.25,7,2026-01-01\n'.encode("cp1252")
    path.write_bytes(lines + bad)


def test_push_and_read_back(fleet: RunningFleet, tmp_path: Path) -> None:
    source = tmp_path / "sales.csv"
    _write_awkward(source)
    pushed = _fleet(fleet, "push", "sales.csv", "--dataset", "awkward", cwd=tmp_path)
    assert pushed.returncode == 0, pushed.stdout + pushed.stderr

    got = _fleet(fleet, "table", "download", "awkward", "--to", "t.parquet", cwd=tmp_path)
    assert got.returncode == 0, got.stdout + got.stderr
    table = pq.read_table(tmp_path / "t.parquet")
    good = source.read_bytes().rpartition(b"\n0")[0].decode() + "\n"
    expected = list(csv.reader(io.StringIO(good)))[1:]
    assert table.num_rows == len(expected) == ROWS
    columns = [table.column(name).to_pylist() for name in table.column_names]
    for row, wanted in enumerate(expected):
        zip_code, comment, amount, late, day = (column[row] for column in columns)
        assert (zip_code, comment, late) == (wanted[0], wanted[1], wanted[3])
        assert Decimal(str(amount)) == Decimal(wanted[2])
        assert str(day) == wanted[4]

    with fleet.client() as api:
        tables = api.get("/v1/tables", params={"dataset": "awkward"}).json()["items"]
        set_aside = api.get(f"/v1/tables/{tables[0]['id']}/quarantine")
    (record,) = (json.loads(line) for line in set_aside.text.splitlines())
    # Two thirds of the rows take two lines; the header is the first line.
    assert record["line"] == 2 + ROWS + sum(1 for row in range(ROWS) if row % 3)
    assert tables[0]["latest_version"]["quarantined_rows"] == 1


def test_flow_show_lists_the_steps_with_their_times(fleet: RunningFleet, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,name\n1,x\n2,y\n")
    assert _fleet(fleet, "push", "a.csv", "--dataset", "steps", cwd=tmp_path).returncode == 0
    with fleet.client() as api:
        flow = api.get("/v1/flows", params={"dataset": "steps"}).json()["items"][0]
    shown = _fleet(fleet, "flow", "show", flow["id"], cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    said = shown.stdout
    assert said.index("landed") < said.index("converted") < said.index("published")
    record = json.loads(_fleet(fleet, "flow", "show", flow["id"], "--json", cwd=tmp_path).stdout)
    assert all(step["started_at"] and step["ended_at"] for step in record["steps"])


def test_landed_bytes_come_back_as_they_went(api: httpx.Client) -> None:
    content = os.urandom(3_000_000)
    answer = api.put("/v1/uploads/noise.bin", content=content).json()
    landed = api.post(
        "/v1/datasets/noise/versions", json={"uploads": [{"upload_id": answer["id"]}]}
    )
    file_id = landed.json()["files"][0]["id"]
    assert api.get(f"/v1/files/{file_id}/content").content == content
    part = api.get(f"/v1/files/{file_id}/content", headers={"Range": "bytes=1000000-1000009"})
    assert (part.status_code, part.content) == (206, content[1_000_000:1_000_010])


def test_same_content_is_kept_once(api: httpx.Client, fleet: RunningFleet) -> None:
    first = api.put("/v1/uploads/a.csv", content=b"once,only\n1,2\n").json()
    second = api.put("/v1/uploads/b.csv", content=b"once,only\n1,2\n").json()
    assert (first["deduplicated"], second["deduplicated"]) == (False, True)
    keys = [key for key in fleet.objects() if key.startswith("raw/")]
    assert any(first["id"] in key for key in keys)
    assert not any(second["id"] in key for key in keys)


def test_a_repeated_request_has_one_effect(api: httpx.Client) -> None:
    headers = {"Idempotency-Key": "repeat-me"}
    answers = [
        api.put("/v1/uploads/r.csv?dataset=repeated", content=b"a,b\n1,2\n", headers=headers)
        for _ in range(3)
    ]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert [a.headers.get("Idempotency-Replayed") for a in answers] == [None, "true", "true"]
    assert api.get("/v1/datasets/repeated").json()["versions"] == 1
