"""The commands against a real fleet: sign in, push, look, follow, download."""

import csv
import hashlib
import json
import re
from pathlib import Path

import pytest
from running_fleet import Fleet

from datafleet import Client
from shared_lib.console import ExitCode


@pytest.fixture(scope="module")
def orders(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pushed file: late type change, leading zeros, a quoted newline, a row too long."""
    path = tmp_path_factory.mktemp("orders") / "orders.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        write = csv.writer(file)
        write.writerow(["id", "zip", "amount", "note"])
        for number in range(50_000):
            amount = "n/a" if number == 49_990 else number / 4
            write.writerow([number, f"{number:05d}", amount, "a\nb" if number == 7 else "x"])
        write.writerow([1, 2, 3, 4, 5, 6])
    result = fleet.run("push", str(path))
    assert result.exit_code == 0, result.stderr
    return path


def test_push_says_what_became_of_the_file(fleet: Fleet, orders: Path) -> None:
    result = fleet.run("push", str(orders), "--dataset", "pushed")

    size = orders.stat().st_size
    assert result.exit_code == 0
    assert re.match(
        rf"✓ pushed v\d+  orders\.csv  50,000 rows × 4 columns  {size / 1e6:.2f} MB → ",
        result.stdout,
    )
    assert "1 column widened  1 row quarantined" in result.stdout
    assert "fleet table download pushed/pushed --quarantine" in result.stderr


def test_push_as_json_is_one_record_a_file(fleet: Fleet, orders: Path, tmp_path: Path) -> None:
    folder = tmp_path / "tree"
    (folder / "sub").mkdir(parents=True)
    (folder / "one.csv").write_text("a,b\n1,2\n")
    (folder / "sub" / "two.jsonl").write_text('{"a": 1}\n{"a": 2}\n')
    result = fleet.run("push", str(folder), "--json")

    one, two = [json.loads(line) for line in result.stdout.splitlines()]
    assert (one["dataset"], one["version"], one["file"]) == ("tree", 1, "one.csv")
    assert (two["file"], two["rows"], two["columns"]) == ("sub/two.jsonl", 2, 1)
    assert one["flow_id"] == two["flow_id"]
    assert {one["state"], two["state"]} == {"succeeded"}


def test_push_obeys_its_options(fleet: Fleet, tmp_path: Path) -> None:
    path = tmp_path / "latin.txt"
    path.write_bytes("ort;plz\nKöln;50667\nleer;\n".encode("cp1252"))
    options = ["--encoding", "cp1252", "--delimiter", ";", "--schema", "plz=string"]
    pushed = fleet.run("push", str(path), *options, "--null", "leer")
    preview = fleet.run("table", "preview", "latin", "--json")

    assert pushed.exit_code == 0
    assert [json.loads(line) for line in preview.stdout.splitlines()] == [
        {"ort": "Köln", "plz": "50667"},
        {"ort": None, "plz": None},
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--encoding", "x" * 50], "--encoding: "),
        (["--delimiter", "ab"], "--delimiter: "),
        (["--schema", "plz"], "is not COLUMN=TYPE"),
        (["--format", "xlsx"], "'xlsx' is not one of"),
    ],
)
def test_a_wrong_option_is_told_before_anything_is_sent(
    fleet: Fleet, tmp_path: Path, words: list[str], said: str
) -> None:
    path = tmp_path / "never.csv"
    path.write_text("a\n1\n")
    result = fleet.run("push", str(path), *words)

    assert result.exit_code == ExitCode.USAGE
    assert said in result.stderr
    assert fleet.run("dataset", "show", "never").exit_code == ExitCode.NOT_FOUND


def test_a_dry_run_sends_nothing(fleet: Fleet, tmp_path: Path) -> None:
    path = tmp_path / "dry.csv"
    path.write_text("a\n1\n")
    result = fleet.run("push", str(path), "--dry-run")

    assert result.stdout == f"would send {path} to dry as dry.csv  4 B\n"
    assert fleet.run("dataset", "show", "dry").exit_code == ExitCode.NOT_FOUND


def test_a_file_that_cannot_be_converted_fails_with_its_reason(
    fleet: Fleet, tmp_path: Path
) -> None:
    path = tmp_path / "picture.csv"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    result = fleet.run("push", str(path))

    assert result.exit_code == ExitCode.FAILED
    assert "✕ picture v1  picture.csv" in result.stdout
    assert "unsupported_format" in result.stdout
    shown = json.loads(fleet.run("flow", "show", "--dataset", "picture", "--json").stdout)
    assert [step["state"] for step in shown["steps"]] == ["succeeded", "failed"]
    assert fleet.run("flow", "watch", shown["id"]).exit_code == ExitCode.FAILED
    assert fleet.run("job", "watch", shown["steps"][1]["job_id"]).exit_code == ExitCode.FAILED


def test_one_refused_file_keeps_none_of_the_others(fleet: Fleet, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    (tmp_path / "full.csv").write_text("a\n1\n")
    result = fleet.run("push", str(tmp_path / "empty.csv"), str(tmp_path / "full.csv"))

    assert result.exit_code == ExitCode.FAILED
    assert "warning: empty was not sent: " in result.stderr
    assert "✓ full v1  full.csv  1 row × 1 column" in result.stdout


def test_waiting_ends_with_its_own_code_and_the_flow_goes_on(fleet: Fleet, orders: Path) -> None:
    result = fleet.run("push", str(orders), "--timeout", "0")
    assert result.exit_code == ExitCode.WAIT_TIMED_OUT
    assert fleet.run("flow", "watch").exit_code == 0


def test_no_wait_says_how_to_follow(fleet: Fleet, orders: Path) -> None:
    result = fleet.run("push", str(orders), "--no-wait", "--json", "flow_id,state")
    record = json.loads(result.stdout)

    assert record["state"] == "running"
    assert f"fleet flow watch {record['flow_id']}" in result.stderr
    watched = fleet.run("flow", "watch", record["flow_id"])
    assert watched.exit_code == 0
    lines = watched.stdout.splitlines()
    assert [name for line in lines for name in re.findall(r"landed|converted|published", line)][
        -1
    ] == "published"
    assert "✓ succeeded" in lines[-1]


def test_a_flow_shows_landed_converted_published_with_times(fleet: Fleet, orders: Path) -> None:
    result = fleet.run("flow", "show", "--dataset", "orders")

    head, *steps = [line.split("\t") for line in result.stdout.splitlines()]
    assert head == ["file", "step", "state", "started", "took", "what"]
    assert [step[1] for step in steps] == ["landed", "converted", "published"]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", step[3]) for step in steps)


def test_lists_are_for_programs_when_piped(fleet: Fleet, orders: Path) -> None:
    filters = {
        "dataset": (),
        "table": (),
        "flow": ("--state", "succeeded"),
        "job": ("--state", "succeeded"),
    }
    for noun, words in filters.items():
        listed = fleet.run(noun, "list", "--limit", "3", *words)
        head, *rows = [line.split("\t") for line in listed.stdout.splitlines()]
        assert listed.exit_code == 0
        assert rows
        assert {len(row) for row in rows} == {len(head)}


def test_datasets_are_listed_and_shown(fleet: Fleet, orders: Path) -> None:
    listed = fleet.run("dataset", "list", "--json", "name,latest_version.bytes")
    records = [json.loads(line) for line in listed.stdout.splitlines()]
    assert {"name": "orders", "latest_version.bytes": orders.stat().st_size} in records

    shown = fleet.run("dataset", "show", "orders")
    assert shown.stdout.splitlines()[1].startswith("orders/orders\t")
    columns = fleet.run("dataset", "show", "orders", "--columns")
    assert [line.split("\t")[0] for line in columns.stdout.splitlines()[1:]] == [
        "id",
        "zip",
        "amount",
        "note",
    ]


@pytest.mark.parametrize("name", ["orders", "orders/orders", "id"])
def test_a_table_has_three_names(fleet: Fleet, orders: Path, client: Client, name: str) -> None:
    (table,) = client.tables.list(dataset="orders")
    shown = fleet.run("table", "show", table.id if name == "id" else name, "--json", "id,name")

    assert json.loads(shown.stdout) == {"id": table.id, "name": "orders"}


def test_a_table_shows_why_each_column_has_its_type(fleet: Fleet, orders: Path) -> None:
    lines = [line.split("\t") for line in fleet.run("table", "show", "orders").stdout.splitlines()]

    assert lines[0] == ["column", "type", "origin", "why"]
    assert [line[:3] for line in lines[1:]] == [
        ["id", "int64", "inferred"],
        ["zip", "string", "inferred"],
        ["amount", "string", "widened"],
        ["note", "string", "inferred"],
    ]


def test_a_profile_draws_distributions(fleet: Fleet, orders: Path) -> None:
    lines = fleet.run("table", "profile", "orders").stdout.splitlines()
    head, identity = lines[0].split("\t"), lines[1].split("\t")
    found = dict(zip(head, identity, strict=True))

    assert (found["column"], found["null"], found["min"], found["max"]) == ("id", "0", "0", "49999")
    assert set(found["distribution"]) <= set("▁▂▃▄▅▆▇█")
    record = json.loads(
        fleet.run("table", "profile", "orders", "--json", "name,nulls").stdout.splitlines()[0]
    )
    assert record == {"name": "id", "nulls": 0}


def test_a_query_is_answered_or_refused(fleet: Fleet, orders: Path, tmp_path: Path) -> None:
    sql = "SELECT note, count(*) AS n FROM data GROUP BY ALL ORDER BY n"
    assert fleet.run("table", "query", "orders", sql).stdout.splitlines() == [
        "note\tn",
        "a\\nb\t1",
        "x\t49999",
    ]
    target = tmp_path / "answer.parquet"
    words = ["table", "query", "orders", "SELECT id FROM data", "--limit", "7", "--to", str(target)]
    assert "there are more" in fleet.run(*words).stderr
    assert target.read_bytes().startswith(b"PAR1")
    refused = fleet.run("table", "query", "orders", "SELECT * FROM read_csv('/etc/passwd')")
    assert refused.exit_code == ExitCode.FAILED
    assert "read_csv is not answered here" in refused.stderr


def test_savings_are_shown_with_their_assumptions(fleet: Fleet, orders: Path) -> None:
    result = fleet.run("dataset", "savings", "orders")
    head, row = [line.split("\t") for line in result.stdout.splitlines()]
    assert (head[0], row[0]) == ("dataset", "orders")
    found = dict(zip(head, row, strict=True))
    assert int(found["stored after"]) < int(found["stored before"])
    assert float(found["money after"]) < float(found["money before"])
    assert "kept for 12 months" in result.stderr
    record = json.loads(fleet.run("dataset", "savings", "orders", "--json").stdout)
    assert record["bytes"]["after"] < record["bytes"]["before"]
    changed = fleet.run("dataset", "prices", "--set", "retention_months=24", "--json")
    assert json.loads(changed.stdout)["retention_months"] == 24
    wrong = fleet.run("dataset", "prices", "--set", "scan_per_tb=lots")
    assert wrong.exit_code == ExitCode.USAGE


def test_a_table_grows_and_tells_what_differs(fleet: Fleet, tmp_path: Path) -> None:
    for name, content in (("grow", "id,x\n1,a\n"), ("more", "id,y\n2.5,b\n"), ("bad", "x\n7\n")):
        (tmp_path / f"{name}.csv").write_text(content)
        assert fleet.run("push", str(tmp_path / f"{name}.csv")).exit_code == 0
    grown = fleet.run("table", "append", "grow", "--from", "more")
    assert grown.stdout == "version 2\n", grown.stderr
    assert "column y is new" in grown.stderr
    refused = fleet.run("table", "append", "grow", "--from", "bad")
    assert refused.exit_code == ExitCode.FAILED
    assert "Column x is string here and int64 there" in refused.stderr
    lines = fleet.run("table", "versions", "grow").stdout.splitlines()
    assert [line.split("\t")[:3] for line in lines[1:]] == [
        ["2", "append", "2"],
        ["1", "conversion", "1"],
    ]
    assert fleet.run("table", "versions", "grow", "--as-of", "2020-01-01").stdout == ""
    differs = fleet.run("table", "diff", "grow", "--key", "id")
    assert "rows added 1, removed 0, changed 0" in differs.stderr
    assert fleet.run("table", "compact", "grow").exit_code == ExitCode.FAILED
    flow = json.loads(fleet.run("flow", "show", "--dataset", "grow", "--json").stdout)
    assert [step["name"] for step in flow["steps"]][:2] == ["built", "published"]


def test_a_preview_is_never_cut_when_piped(fleet: Fleet, orders: Path) -> None:
    lines = fleet.run("table", "preview", "orders", "--rows", "8").stdout.splitlines()

    assert lines[0] == "id\tzip\tamount\tnote"
    assert lines[8] == "7\t00007\t1.75\ta\\nb"


def test_a_download_is_what_the_fleet_has(
    fleet: Fleet, orders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    record = json.loads(fleet.run("table", "download", "orders", "--json").stdout)
    content = (tmp_path / "orders.parquet").read_bytes()

    assert content.startswith(b"PAR1")
    assert record == {
        "path": "orders.parquet",
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    again = fleet.run("table", "download", "orders")
    assert again.exit_code == ExitCode.FAILED
    assert "is there already" in again.stderr
    assert fleet.run("table", "download", "orders", "--force").exit_code == 0
    assert fleet.run("table", "download", "orders", "--to", "-").stdout_bytes == content


def test_quarantined_rows_come_with_their_place(fleet: Fleet, orders: Path) -> None:
    result = fleet.run("table", "download", "orders", "--quarantine", "--to", "-")
    (row,) = [json.loads(line) for line in result.stdout.splitlines()]

    assert row["text"] == "1,2,3,4,5,6\r\n"
    assert row["line"] == 50_003


def test_a_file_is_read_again_and_mended_rows_come_back(fleet: Fleet, tmp_path: Path) -> None:
    source = tmp_path / "mend.csv"
    source.write_bytes(b"a,b\n1,x\n2\n3,y\n4\n5,z\n")
    assert fleet.run("push", str(source)).exit_code == 0
    shown = fleet.run("table", "convert", "mend", "--schema", "a=string", "--dry-run")
    assert shown.exit_code == 0, shown.stderr
    lines = [line.split("\t")[:3] for line in shown.stdout.splitlines()]
    assert lines[1:] == [["a", "string", "given"], ["b", "string", "inferred"]]
    assert "2 rows would be set aside; the first is line 3" in shown.stderr

    rows = tmp_path / "rows.jsonl"
    fleet.run("table", "download", "mend", "--quarantine", "--to", str(rows))
    assert "differs from the quarantine" in fleet.run(*_replay(rows)).stderr
    first, second = rows.read_text().splitlines()
    rows.write_text(f"{json.dumps(json.loads(first) | {'text': '2,mended'})}\n{second}\n")
    assert fleet.run(*_replay(rows), "--dry-run").stdout == "8\t2,mended\n"
    done = fleet.run(*_replay(rows))
    assert done.stdout == "mend\t4\t1\n", done.stderr
    again = fleet.run("table", "preview", "mend").stdout.splitlines()
    assert again == ["a\tb", "1\tx", "2\tmended", "3\ty", "5\tz"]
    rows.write_text('{"byte": 1, "text": "z"}')
    assert "begins at byte 1" in fleet.run(*_replay(rows)).stderr
    rows.write_text("no row")
    assert fleet.run(*_replay(rows)).exit_code == ExitCode.USAGE
    retyped = fleet.run("table", "convert", "mend", "--schema", "a=string")
    assert retyped.stdout == "mend\t3\t2\n", retyped.stderr


def _replay(rows: Path) -> list[str]:
    return ["table", "replay", "mend", "--from", str(rows)]


def test_jobs_are_watched_and_their_log_is_read(fleet: Fleet, orders: Path, client: Client) -> None:
    flow = next(client.flows.list(dataset="orders"))
    (job,) = client.jobs.list(flow=flow.id)
    watched = fleet.run("job", "watch", job.id)
    events = [
        json.loads(line) for line in fleet.run("job", "watch", job.id, "--json").stdout.splitlines()
    ]

    assert watched.exit_code == 0
    assert watched.stdout.splitlines()[-1] == "✓ succeeded"
    assert events[-1]["event"] == "end"
    assert "amount" in fleet.run("job", "log", job.id).stdout
    assert json.loads(fleet.run("job", "log", job.id, "--json").stdout.splitlines()[0])["id"] >= 1
    assert f"job\t{job.id}" in fleet.run("job", "show", job.id).stdout
    ended = fleet.run("job", "cancel", job.id)
    assert ended.exit_code == ExitCode.FAILED
    assert "already succeeded" in ended.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["dataset", "show", "ordrs"], "closest is 'orders'; list: fleet dataset list"),
        (["table", "show", "ordrs"], "closest is 'orders'; list: fleet dataset list"),
        (["table", "show", "orders/oders"], "closest is 'orders/orders'; list: fleet table list"),
        (["flow", "show", "fl_none"], "fl_none"),
        (["job", "show", "job_pq_none"], "job_pq_none"),
        (["table", "list", "--dataset", "ordrs"], "closest is 'orders'"),
    ],
)
def test_an_unknown_name_is_compared_with_those_there_are(
    fleet: Fleet, orders: Path, words: list[str], said: str
) -> None:
    result = fleet.run(*words)

    assert result.exit_code == ExitCode.NOT_FOUND
    assert said in result.stderr
    assert result.stdout == ""


def test_a_dataset_of_several_tables_asks_which(fleet: Fleet, tmp_path: Path) -> None:
    for name in ("x", "y"):
        (tmp_path / f"{name}.csv").write_text(f"{name}\n1\n")
    fleet.run("push", str(tmp_path / "x.csv"), str(tmp_path / "y.csv"), "-d", "several")
    result = fleet.run("table", "preview", "several")

    assert result.exit_code == ExitCode.USAGE
    assert "several/x" in result.stderr


def test_a_debugged_error_shows_its_request(fleet: Fleet) -> None:
    result = fleet.run("flow", "show", "fl_none", "--debug")

    assert "Traceback" in result.stderr
    assert re.search(r"request: \S+", result.stderr)


def test_open_prints_the_address_when_piped(fleet: Fleet) -> None:
    assert fleet.run("open").stdout == f"{fleet.address}/\n"
