"""The pipelines that come with Datafleet learn, and run only what changed, on any worker."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from training_service import Training, running_training, training_settings

from shared_lib.contracts.verdicts import Verdict
from shared_lib.storage import StorageSettings
from shared_lib.testing.servers.stores import S3Server

SHIPPED = Path(__file__).parents[2] / "dvc"
STAGES = ["prepare", "featurise", "train", "evaluate"]
WORDS = {
    "joy": ["happy", "glad", "delighted", "thrilled"],
    "sadness": ["sad", "gloomy", "heartbroken", "low"],
    "anger": ["furious", "mad", "outraged", "cross"],
}


def houses() -> dict[str, Any]:
    """Prices that follow from size and district, and a little noise."""
    random = np.random.default_rng(7)
    size, district = random.uniform(30, 200, 800), random.choice(["old", "new", "far"], 800)
    extra = np.select([district == "old", district == "new"], [50.0, 20.0], 0.0)
    return {
        "size": size,
        "district": district,
        "sold": pl.Series(range(800)).cast(pl.Date),
        "target": 3 * size + extra + random.normal(0, 5, 800),
    }


def feelings() -> dict[str, Any]:
    """Short texts whose feeling is said by one word."""
    random = np.random.default_rng(7)
    label = random.choice(list(WORDS), 900)
    text = [
        f"day {n}: I felt {random.choice(WORDS[each])} about the {random.choice(['cat', 'rain'])}"
        for n, each in enumerate(label)
    ]
    return {"text": text, "label": label}


def ran(job: dict[str, Any]) -> list[str]:
    assert job["state"] == "succeeded", job["error"]
    return [stage["name"] for stage in job["stages"] if stage["outcome"] == "ran"]


def edit(source: Path, name: str, old: str, new: str) -> None:
    text = (source / name).read_text()
    assert old in text
    (source / name).write_text(text.replace(old, new))


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("pipeline", "rows", "metric"),
    [("linear_regression", houses, "r2"), ("text_classification", feelings, "accuracy")],
)
def test_only_what_changed_runs_and_a_second_worker_runs_nothing(
    tmp_path: Path,
    environments: Path,
    rclone_server: S3Server,
    *,
    pipeline: str,
    rows: Callable[[], Any],
    metric: str,
) -> None:
    source = _copy(tmp_path / "pipelines")
    storage = StorageSettings(
        kind="s3",
        endpoint=rclone_server.endpoint,
        access_key=rclone_server.access_key,
        secret_key=rclone_server.secret_key,
        bucket=pipeline.replace("_", "-"),
        secure=False,
    )
    settings = training_settings(tmp_path, environments=environments, storage=storage)
    with running_training(settings) as training:
        table = _land(training, rows())
        first = training.train(table, pipeline=pipeline)
        assert ran(first) == STAGES
        assert first["metrics"][metric] > 0.95
        assert first["artifacts"]

        evaluate = source / pipeline / "evaluate.py"
        evaluate.write_text(evaluate.read_text() + "\nLABEL = 1\n")
        assert ran(training.train(table, pipeline=pipeline)) == ["evaluate"]
        if pipeline == "linear_regression":
            edit(source, f"{pipeline}/train.py", "import LinearRegression", "import Lasso")
            edit(source, f"{pipeline}/train.py", "LinearRegression(", "Lasso(")
            assert ran(training.train(table, pipeline=pipeline)) == ["train", "evaluate"]

    # A second clean worker, with a folder of its own, has nothing but what the first one shared.
    (tmp_path / "second").mkdir()
    clean = training_settings(
        tmp_path / "second",
        environments=environments,
        database_url=settings.database.url,
        storage=storage,
        pipelines=source,
    )
    with running_training(clean) as second:
        again = second.train(table, pipeline=pipeline)
        assert ran(again) == []
        assert [stage["name"] for stage in again["stages"]] == STAGES


def _copy(target: Path) -> Path:
    """The shipped files, and nothing that somebody's own run has left among them."""
    for path in SHIPPED.rglob("*"):
        inside = path.relative_to(SHIPPED)
        if path.is_file() and not {"data", "models", "tmp", "cache"} & set(inside.parts):
            (target / inside).parent.mkdir(parents=True, exist_ok=True)
            (target / inside).write_bytes(path.read_bytes())
    return target


def _land(training: Training, columns: dict[str, Any]) -> Any:
    table = training.publish("sample", columns)
    training.judge(table, Verdict.PASSED)
    return table
