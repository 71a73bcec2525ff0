"""Each training is a version; the alias moves on the numbers, or because a person says so."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from training_service import Training

from shared_lib.testing.pipelines import write_repository
from shared_lib.testing.services import OTHER

# Stands for a pipeline whose model is better the higher its rate; no table engine is needed.
EVALUATE = """\
import json, pathlib, shutil
pathlib.Path('metrics.json').write_text('{"loss": 1}')
rate = int(pathlib.Path('params.yaml').read_text().split()[-1])
shutil.copyfile(f'given-{rate}.parquet', 'predictions.parquet')
"""
REASON = {"reason": "Agreed with the owners of the model."}


def prepare(training: Training) -> None:
    """A pipeline that leaves the predictions of its rate."""
    source = Path(training.settings.pipelines.source)
    pipeline = write_repository(source, evaluate_py=EVALUATE)
    losses = np.random.default_rng(1).exponential(1.0, 200)
    for rate in (1, 2, 3):
        frame = pl.DataFrame({"row": [str(row) for row in range(200)], "loss": losses / rate})
        frame.write_parquet(pipeline / f"given-{rate}.parquet")
    dvc_yaml = (pipeline / "dvc.yaml").read_text()
    deps = "deps: [evaluate.py, models/model.json]\n    params: [train]"
    changed = dvc_yaml.replace("deps: [evaluate.py, models/model.json]", deps)
    (pipeline / "dvc.yaml").write_text(changed + "    outs: [predictions.parquet]\n")


def model(training: Training) -> Any:
    return training.get("/v1/models/sales-small")


def test_the_alias_moves_on_the_numbers_and_history_says_why(training: Training) -> None:
    prepare(training)
    table = training.good("sales")
    for rate in (2, 1, 3):
        job = training.train(table, **{"train.rate": rate})
        assert job["state"] == "succeeded", job["error"]

    assert (model(training)["champion"], model(training)["challenger"]) == (3, None)
    moves = training.get("/v1/models/sales-small/moves")["items"]
    assert [(m["alias"], m["version"], m["before"], m["rule"]) for m in reversed(moves)] == [
        ("champion", 1, None, "first"),
        ("challenger", 2, None, "not_better"),
        ("champion", 3, 1, "better"),
    ]
    assert moves[0]["comparison"]["rows"] == 200
    assert moves[0]["comparison"]["high"] < 0
    told = [event["payload"] for event in training.events("training.finished")]
    assert [(e["model"], e["model_version"], e["alias"]) for e in told] == [
        ("sales-small", 1, "champion"),
        ("sales-small", 2, "challenger"),
        ("sales-small", 3, "champion"),
    ]
    champion = training.get("/v1/models/sales-small/versions/champion")
    assert (champion["version"], champion["aliases"]) == (3, ["champion"])
    assert (champion["verdict"], champion["data_version"]) == ("passed", 1)
    assert len(champion["commit"]) == 40
    path = "/v1/models/sales-small/versions/3/artifacts/models/model.json"
    content = training.ask("GET", path).content
    (kept,) = [each for each in champion["artifacts"] if each["name"] == "models/model.json"]
    assert hashlib.sha256(content).hexdigest() == kept["sha256"]

    back = training.ask("POST", "/v1/models/sales-small/rollback", json=REASON)
    assert (back.status_code, back.json()["champion"]) == (200, 1)
    assert training.get("/v1/models/sales-small/moves")["items"][0]["subject"] == "key_1"


def test_a_person_may_choose_and_is_remembered(light_training: Training) -> None:
    table = light_training.good("sales")
    light_training.train(table)
    second = light_training.train(table, **{"train.rate": 5})
    assert second["state"] == "succeeded"
    # Without predictions nothing can be compared, so nothing moves by itself.
    assert (model(light_training)["champion"], model(light_training)["challenger"]) == (1, 2)

    path = "/v1/models/sales-small/aliases/champion"
    chosen = light_training.ask("PUT", path, json={"version": 2, **REASON})
    assert (chosen.json()["champion"], chosen.json()["challenger"]) == (2, None)
    missing = light_training.ask("PUT", path, json={"version": 7, **REASON})
    assert (missing.status_code, missing.json()["code"]) == (404, "model_not_found")
    rollback = "/v1/models/sales-small/rollback"
    assert light_training.ask("POST", rollback, json=REASON).json()["champion"] == 1
    assert light_training.ask("POST", rollback, json=REASON).status_code == 409
    for route in ("", "/versions", "/versions/1", "/versions/none", "/moves"):
        stranger = light_training.ask("GET", f"/v1/models/sales-small{route}", tenant=OTHER)
        assert stranger.status_code == 404
    assert light_training.get("/v1/models", tenant=OTHER)["items"] == []
