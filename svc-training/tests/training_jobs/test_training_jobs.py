"""A training job runs what changed, keeps what it made, and says why it failed."""

import hashlib
import shutil
from pathlib import Path

import pytest
from sqlalchemy import update
from training_service import Training, running_training, training_settings

from shared_lib.contracts.base import utc_now
from shared_lib.contracts.verdicts import Verdict
from shared_lib.jobs.models import JobRow
from shared_lib.testing.pipelines import write_repository
from shared_lib.testing.services import OTHER, TENANT
from shared_lib.testing.waiting import wait_until


def outcomes(job: dict[str, list[dict[str, str]]]) -> dict[str, str]:
    return {stage["name"]: stage["outcome"] for stage in job["stages"]}


def test_a_pipeline_is_trained_kept_and_told_of(training: Training) -> None:
    table = training.good("sales")
    job = training.train(table)

    assert job["state"] == "succeeded", job["error"]
    assert outcomes(job) == {"prepare": "ran", "train": "ran", "evaluate": "ran"}
    assert all(stage["device"].startswith("cpu") for stage in job["stages"])
    assert job["metrics"] == {"loss": 0.5, "by.slice": 1.0}
    assert job["params"] == {"train": {"rate": 1}}
    assert len(job["commit"]) == 40
    names = {each["name"]: each for each in job["artifacts"]}
    assert set(names) == {"dvc.lock", "log.txt", "metrics.json", "models/model.json"}
    path = f"/v1/training-jobs/{job['id']}/artifacts/"
    for name, artifact in names.items():
        content = training.ask("GET", path + name).content
        assert hashlib.sha256(content).hexdigest() == artifact["sha256"]
    assert job["lock_sha256"] == names["dvc.lock"]["sha256"]
    assert b"trained" in training.ask("GET", f"{path}log.txt").content
    assert training.ask("GET", path + "nothing").status_code == 404
    assert training.ask("GET", path + "log.txt", tenant=OTHER).status_code == 404
    assert '"message":"prepared"' in training.log(job["job_id"]).replace('": "', '":"')
    (finished,) = training.events("training.finished")
    assert finished["payload"]["training_job_id"] == job["id"]
    assert finished["payload"]["stages_run"] == 3


def test_only_what_changed_runs_and_a_param_is_a_change(light_training: Training) -> None:
    table = light_training.good("sales")
    light_training.train(table)
    settings = light_training.settings
    shared = Path(settings.storage.root or "") / "dvc" / TENANT / "runs" / "aa" / "bb"
    here = settings.training_folder / "dvc" / TENANT / "cache" / "runs" / "aa" / "bb"
    shared.mkdir(parents=True)
    (shared / "cc").write_text("{}")
    again = light_training.train(table)
    assert outcomes(again) == {"prepare": "cached", "train": "cached", "evaluate": "cached"}
    # All of it was here, so the shared run cache was not read; below it is.
    assert not here.exists()

    source = Path(light_training.settings.pipelines.source)
    write_repository(
        source,
        evaluate_py="""\
import json, pathlib
pathlib.Path('metrics.json').write_text(json.dumps({'loss': 0.25}))
""",
    )
    edited = light_training.train(table)
    assert outcomes(edited) == {"prepare": "cached", "train": "cached", "evaluate": "ran"}
    assert (here / "cc").exists()
    assert edited["commit"] != again["commit"]
    assert edited["metrics"] == {"loss": 0.25}

    changed = light_training.train(table, **{"train.rate": 2})
    assert outcomes(changed)["train"] == "ran"
    assert outcomes(changed)["prepare"] == "cached"
    assert changed["params"] == {"train": {"rate": 2}}


def test_the_test_rows_stay_those_of_the_first_version(light_training: Training) -> None:
    first, second = light_training.good("sales"), light_training.good("sales", rows=20, number=2)
    assert light_training.train(first)["frozen_table_version_id"] == first.table_version_id
    later = light_training.train(second)
    assert later["frozen_table_version_id"] == first.table_version_id
    assert later["table_version_id"] == second.table_version_id


def test_what_the_gate_did_not_let_pass_is_not_trained_on(light_training: Training) -> None:
    unjudged = light_training.publish("sales", {"a": [1]})
    failed = light_training.publish("sales", {"a": [2]}, number=2)
    light_training.judge(failed, Verdict.FAILED)
    expected = {
        unjudged.table_version_id: (409, "not_judged"),
        failed.table_version_id: (409, "refused_by_gate"),
        "tv_none": (404, "table_version_not_found"),
    }
    for table_version, (status, code) in expected.items():
        body = {"pipeline": "small", "table_version": table_version}
        answer = light_training.ask("POST", "/v1/training-jobs", json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_wrong_pipeline_or_param_is_named(light_training: Training) -> None:
    table = light_training.good("sales")
    for change, said in (
        ({"pipeline": "large"}, "There is no pipeline large; the repository has small."),
        ({"params": {"train.speed": 1}}, "small has no param train.speed; it has train."),
    ):
        body = {"pipeline": "small", "table_version": table.table_version_id} | change
        answer = light_training.ask("POST", "/v1/training-jobs", json=body)
        assert (answer.status_code, answer.json()["detail"]) == (422, said)
    listed = light_training.get("/v1/pipelines")["items"]
    assert [each["name"] for each in listed] == ["small"]
    assert listed[0]["params"] == {"train": {"rate": 1}}


def test_a_stage_that_fails_says_why_and_is_not_tried_again(light_training: Training) -> None:
    write_repository(
        Path(light_training.settings.pipelines.source), train_py="raise SystemExit('no rows left')"
    )
    job = light_training.train(light_training.good("sales"))
    assert job["state"] == "failed"
    assert job["error"]["code"] == "stage_failed"
    assert "Stage train ended with exit code 1" in job["error"]["detail"]
    assert "no rows left" in job["error"]["detail"]
    assert light_training.get(f"/v1/jobs/{job['job_id']}")["attempts"] == 1


def test_a_stage_outside_the_run_cache_is_warned_of(light_training: Training) -> None:
    source = Path(light_training.settings.pipelines.source)
    text = (source / "small" / "dvc.yaml").read_text()
    uncached = text.replace("metrics: [metrics.json]", "metrics: [{metrics.json: {cache: false}}]")
    write_repository(source, dvc_yaml=uncached)
    (warning,) = light_training.get("/v1/pipelines/small")["warnings"]
    assert "Stage evaluate: metrics.json has `cache: false`" in warning


@pytest.mark.parametrize(
    ("point", "elsewhere"),
    [("training.train.reproduced", False), ("training.train.pushed", True)],
)
def test_what_an_earlier_try_ran_is_run_by_the_job(
    tmp_path: Path,
    environments: Path,
    monkeypatch: pytest.MonkeyPatch,
    point: str,
    *,
    elsewhere: bool,
) -> None:
    monkeypatch.setenv("FLEET_CRASH_AT", point)
    monkeypatch.setenv("FLEET_CRASH_MARK", str(tmp_path / "crashed"))
    write_repository(tmp_path / "pipelines")
    settings = training_settings(tmp_path, environments=environments)
    settings.jobs.retry_backoff_s = 3600
    with running_training(settings) as training:
        table = training.good("sales")
        body = {"pipeline": "small", "table_version": table.table_version_id}
        asked = training.ask("POST", "/v1/training-jobs", json=body).json()
        path = f"/v1/jobs/{asked['job_id']}"
        wait_until(lambda: training.get(path)["error"], timeout_s=60, what="the end of a try")
        if elsewhere:
            # The next try is another worker's, which has only what the first one has shared.
            shutil.rmtree(settings.training_folder)
        with training.runtime.database.write() as unit:
            unit.session.execute(update(JobRow).values(run_after=utc_now()))
        job = training.ended(asked["id"])
        assert training.get(path)["attempts"] == 2
    assert outcomes(job) == {"prepare": "ran", "train": "ran", "evaluate": "ran"}
    assert all(stage["seconds"] > 0 for stage in job["stages"])


def test_what_a_dead_job_has_made_is_shared_by_the_next_one(
    tmp_path: Path, environments: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLEET_CRASH_AT", "training.train.reproduced")
    monkeypatch.setenv("FLEET_CRASH_MARK", str(tmp_path / "crashed"))
    write_repository(tmp_path / "pipelines")
    settings = training_settings(tmp_path, environments=environments)
    settings.jobs.retry_backoff_s = 3600
    cached = {"prepare": "cached", "train": "cached", "evaluate": "cached"}
    with running_training(settings) as training:
        table = training.good("sales")
        body = {"pipeline": "small", "table_version": table.table_version_id}
        asked = training.ask("POST", "/v1/training-jobs", json=body).json()
        path = f"/v1/jobs/{asked['job_id']}"
        wait_until(lambda: training.get(path)["error"], timeout_s=60, what="the end of a try")
        assert training.ask("DELETE", path).status_code == 202

        assert outcomes(training.train(table)) == cached
        shutil.rmtree(settings.training_folder)
        assert outcomes(training.train(table)) == cached
