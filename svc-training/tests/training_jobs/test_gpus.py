"""A training that asks for a GPU runs on a worker that has one, and each stage says on what."""

import os
from pathlib import Path
from typing import Any

import pytest
from training_service import running_training, training_settings

from shared_lib.testing.gpus import write_nvidia_smi
from shared_lib.testing.pipelines import DVC_YAML, TRAIN, write_repository
from shared_lib.testing.waiting import wait_until

T4 = "Tesla T4"
SEES = "import os; print('SEES', repr(os.environ['CUDA_VISIBLE_DEVICES']))\n"
ON_GPU = DVC_YAML.replace(
    "    params: [train]\n", "    params: [train]\n    meta: {resources: {gpu: 1}}\n"
)


@pytest.fixture
def pipelines(tmp_path: Path) -> Path:
    """A pipeline whose train stage asks for a GPU and says what it sees."""
    write_repository(tmp_path / "pipelines", dvc_yaml=ON_GPU, train_py=SEES + TRAIN)
    return tmp_path


def devices(job: Any) -> dict[str, str]:
    assert job["state"] == "succeeded", job["error"]
    ran = [stage for stage in job["stages"] if stage["outcome"] == "ran"]
    return {stage["name"]: stage["device"].split(" (")[0] for stage in ran}


def on_path(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def test_the_stages_that_ask_for_a_gpu_have_it_and_say_so(
    pipelines: Path, environments: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path(monkeypatch, write_nvidia_smi(pipelines / "driver", "NVIDIA A100", T4))
    with running_training(training_settings(pipelines, environments=environments)) as training:
        table = training.good("sales")
        job = training.train(table)
        assert devices(job) == {"prepare": "cpu", "train": "gpu 0", "evaluate": "cpu"}
        (on_gpu,) = [each["device"] for each in job["stages"] if each["name"] == "train"]
        assert on_gpu == "gpu 0 (NVIDIA A100)"
        assert "SEES '0'" in training.log(job["job_id"])
        assert training.get(f"/v1/jobs/{job['job_id']}")["queue"] == "training.gpu"

        # Who asks may know better than the pipeline.
        light = training.train(table, resources={"gpu": 0}, **{"train.rate": 2})
        assert devices(light) == {"train": "cpu"}
        assert "SEES ''" in training.log(light["job_id"])


def test_without_a_gpu_it_waits_and_says_for_what(
    pipelines: Path, environments: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path(monkeypatch, write_nvidia_smi(pipelines / "driver"))
    with running_training(training_settings(pipelines, environments=environments)) as training:
        table = training.publish("sales", {"a": [1]})
        trigger = {"dataset": "sales", "pipeline": "small"}
        made = training.ask("POST", "/v1/triggers", json=trigger).json()
        assert made["resources"] is None
        asked = training.good("sales")
        body = {"pipeline": "small", "table_version": asked.table_version_id}
        job = training.ask("POST", "/v1/training-jobs", json=body).json()
        assert (job["gpus"], job["state"]) == (1, "queued")
        assert job["waits_for"].startswith("a GPU worker; none has been seen.")
        assert training.get(f"/v1/jobs/{job['job_id']}")["waits_for"] == job["waits_for"]

        # A trigger does not know what the pipeline will ask for; its job finds out and moves.
        (decision,) = training.get("/v1/triggers/decisions")["items"]
        path = f"/v1/training-jobs/{decision['training_job_id']}"
        wait_until(lambda: training.get(path)["gpus"] == 1, timeout_s=60, what="the move")
        wait_until(lambda: training.get(path)["waits_for"], what="the reason")
        assert table.table_version_id != asked.table_version_id

        wrong = body | {"resources": {"gpu": 2}}
        assert training.ask("POST", "/v1/training-jobs", json=wrong).status_code == 422
