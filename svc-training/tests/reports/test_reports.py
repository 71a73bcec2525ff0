"""Every training is reported once, and a pull request hears of it in one comment."""

from pathlib import Path
from typing import Any

import httpx
from training_service import Training

from shared_lib.contracts.base import utc_now
from shared_lib.contracts.ids import IdKind, new_id
from shared_lib.contracts.jobs import JobState
from shared_lib.contracts.verdicts import Verdict
from shared_lib.jobs.models import JobRow
from shared_lib.testing.github import LOGIN, Answer, GitHubReplica, secondary_limit
from shared_lib.testing.pipelines import write_repository
from shared_lib.testing.services import OTHER, TENANT
from shared_lib.testing.waiting import wait_until
from svc_training.reports.repository import ReportRepository
from svc_training.reports.service import Reports

HERE = {"repository": "Owner/name", "number": 7}
AT = "owner/name#7"


def report(training: Training, subject_id: str, form: str = "json") -> httpx.Response:
    path = "training-jobs" if subject_id.startswith("tj_") else "triggers/decisions"
    return training.ask("GET", f"/v1/{path}/{subject_id}/report", params={"as": form})


def queued_again(training: Training, training_job_id: str) -> JobRow | None:
    """The job of a report once a try of it is over."""
    with training.runtime.database.read() as view:
        row = ReportRepository(view).of_subject(training_job_id, tenant=TENANT)
        job = view.session.get_one(JobRow, row.job_id) if row else None
        return job if job and job.state == JobState.QUEUED and job.error else None


def comment(replica: GitHubReplica) -> Any:
    (only,) = replica.comments(AT)
    assert only["user"]["login"] == LOGIN
    return only["body"]


def test_trainings_and_refusals_are_told_in_one_comment(
    telling_training: Training, replica: GitHubReplica
) -> None:
    training = telling_training
    trigger = {"dataset": "sales", "pipeline": "small", "pull_request": HERE}
    made = training.ask("POST", "/v1/triggers", json=trigger)
    assert made.json()["pull_request"] == HERE, made.text
    training.good("sales", rows=10)
    (decision,) = training.get("/v1/triggers/decisions")["items"]
    first = training.ended(decision["training_job_id"])
    assert first["state"] == "succeeded", first["error"]
    assert first["pull_request"] == HERE
    assert training.reported(first["id"])["state"] == "succeeded"

    facts = report(training, first["id"]).json()
    assert facts["headline"] == "sales-small v1 is champion"
    assert (facts["rule"], facts["version"], facts["champion"]) == ("first", 1, None)
    assert facts["savings"] == {"bytes_before": 2000, "bytes_after": 500, "quarantined_rows": 0}
    assert {stage["outcome"] for stage in facts["stages"]} == {"ran"}
    told = comment(replica)
    assert told.startswith("<!-- datafleet:report=owner/name#7:sales-small -->\n")
    assert told.endswith(report(training, first["id"], "markdown").text)
    assert "2.00 kB as it came → 500 B as Parquet" in told
    png = report(training, first["id"], "png")
    assert png.content.startswith(b"\x89PNG")
    assert png.headers["content-type"] == "image/png"
    svg = report(training, first["id"], "svg")
    assert "style-src 'sha256-" in svg.headers["content-security-policy"]
    assert (
        training.ask("GET", f"/v1/training-jobs/{first['id']}/report", tenant=OTHER).status_code
        == 404
    )

    bad = training.publish("sales", {"a": [1] * 50}, number=2)
    training.judge(bad, Verdict.FAILED)
    refused = training.get("/v1/triggers/decisions")["items"][0]
    assert training.reported(refused["id"])["state"] == "succeeded"
    told = comment(replica)
    assert "sales-small was not trained on sales v2" in told
    assert "amount has 3 rows below 0." in told
    assert "| rows | 10 | 50 | +40 |" in told
    assert report(training, refused["id"]).json()["outcome"] == "refused"

    events = [event["payload"] for event in training.events("report.published")]
    assert [event["subject_id"] for event in events] == [first["id"], refused["id"]]
    assert all("#issuecomment-" in event["comment_url"] for event in events)
    decided = [e["payload"]["decisions"][0] for e in training.events("training.decided")]
    assert [each["report"] for each in decided] == ["always", "always"]


def test_a_challenger_is_compared_in_params_data_and_stages(light_training: Training) -> None:
    first, second = light_training.good("sales"), light_training.good("sales", rows=30, number=2)
    light_training.train(first)
    later = light_training.train(second, **{"train.rate": 2})
    assert light_training.reported(later["id"])["state"] == "succeeded"
    facts = report(light_training, later["id"]).json()
    assert facts["params"] == [{"name": "train.rate", "champion": 1, "current": 2}]
    assert (facts["outcome"], facts["champion"]) == ("challenger", 1)
    assert (facts["champion_data"]["rows"], facts["data"]["rows"]) == (10, 30)
    assert (facts["rule"], facts["why"]) == ("asked", "Somebody asked for it.")
    assert "predictions.parquet" in facts["reason"]
    assert {"name": "loss", "champion": 0.5, "current": 0.5} in facts["metrics"]
    text = report(light_training, later["id"], "markdown").text
    assert "| train.rate | 1 | 2 |" in text
    assert report(light_training, "tj_none").json()["code"] == "report_not_found"


def test_a_failed_training_is_told_with_its_reason(
    telling_training: Training, replica: GitHubReplica
) -> None:
    source = Path(telling_training.settings.pipelines.source)
    write_repository(source, train_py="raise SystemExit('no rows left')")
    job = telling_training.train(telling_training.good("sales"), tell=HERE)
    assert job["state"] == "failed"
    assert telling_training.reported(job["id"])["state"] == "succeeded"
    assert "sales-small could not be trained on sales v1" in comment(replica)
    assert "no rows left" in comment(replica)


def test_an_outage_is_waited_for_and_a_refusal_ends_it(
    telling_training: Training, replica: GitHubReplica
) -> None:
    training = telling_training
    table = training.good("sales")
    replica.planted = [Answer(502, {"message": "Server Error"}), secondary_limit(retry_after="0")]
    job = training.train(table, tell=HERE)
    assert training.reported(job["id"])["state"] == "succeeded"
    assert "sales-small v1 is champion" in comment(replica)

    body = {"pipeline": "small", "table_version": table.table_version_id}
    elsewhere = {"repository": "owner/other", "number": 1}
    job = training.train(table, tell=elsewhere)
    ended = training.reported(job["id"])
    assert (ended["state"], ended["error"]["code"]) == ("failed", "github_refused")
    assert "/repos/owner/other/issues/1/comments" in ended["error"]["detail"]
    assert ended["attempts"] == 1
    # The report itself is there all the same.
    assert report(training, job["id"]).status_code == 200
    replica.planted = [secondary_limit(retry_after="1800")]
    job = training.train(table, tell=HERE)
    waiting = wait_until(lambda: queued_again(training, job["id"]), what="the report to wait")
    assert (waiting.run_after - utc_now()).total_seconds() > 1700
    assert waiting.attempts == 0  # it is not to blame
    wrong = training.ask(
        "POST", "/v1/training-jobs", json=body | {"pull_request": {"repository": "x", "number": 1}}
    )
    assert wrong.status_code == 422


def test_an_older_report_never_covers_a_newer_one(telling_training: Training) -> None:
    training = telling_training
    older, newer = new_id(IdKind.REPORT), new_id(IdKind.REPORT)
    job = training.train(training.good("sales"))
    reported = training.reported(job["id"])
    reports, marker = Reports(training.runtime), "<!-- m -->"
    database = training.runtime.database
    with database.write() as unit:
        # A try that is over does not hold its turn.
        holder = f"{reported['id']}-1"
        assert reports.take_turn(unit, newer, marker=marker, holder=holder) == (True, None)
    with database.write() as unit:
        assert reports.take_turn(unit, newer, marker=marker, holder="job_tr_x-1") == (True, None)
        ReportRepository(unit).lock_comment(marker).report_id = newer
    with database.write() as unit:
        assert reports.take_turn(unit, older, marker=marker, holder="job_tr_y-1")[0] is False


def test_a_pull_request_needs_a_token(light_training: Training) -> None:
    table = light_training.good("sales")
    for path, body in (
        ("/v1/training-jobs", {"pipeline": "small", "table_version": table.table_version_id}),
        ("/v1/triggers", {"pipeline": "small", "dataset": "sales"}),
    ):
        answer = light_training.ask("POST", path, json=body | {"pull_request": HERE})
        assert (answer.status_code, answer.json()["code"]) == (409, "github_not_set")
