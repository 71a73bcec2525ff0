"""deepchecks as a check of ours: what its runner answers becomes results, and it never crashes us.

The real library is run by the long tests, in the environment that Datafleet builds for it.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from quality_service import Quality
from quality_tables import NOW, sales, statuses, suite, table

from shared_lib.environments import Environment, Environments
from svc_quality.checks.engine import judge
from svc_quality.checks.table import Table
from svc_quality.deepchecks import suites
from svc_quality.deepchecks.suites import DeepchecksSuites

INTEGRITY = {"check": "deepchecks", "suite": "data_integrity"}
TRAIN_TEST = {"check": "deepchecks", "suite": "train_test_validation"}


class StandIn(Environments):
    """An environment whose Python is ours: what is run in it is a runner of the test's."""

    def ensure(self, requirements: str, **_: Any) -> Environment:
        assert "deepchecks==" in requirements
        folder = self._folder
        (folder / "bin").mkdir(parents=True, exist_ok=True)
        if not (folder / "bin" / "python").exists():
            (folder / "bin" / "python").symlink_to(sys.executable)
        return Environment(key="k", folder=folder, packages=1, bytes=1, seconds=1)


@pytest.fixture
def answer_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`answer_with(code)`: judge by a runner that has this code, with `request` at hand."""

    def run(code: str, check: dict[str, Any], *, now: Table, reference: Table | None = None) -> Any:
        package = tmp_path / "package"
        package.mkdir(exist_ok=True)
        head = "import json, os, pathlib, sys\nrequest = json.load(open(sys.argv[1]))\n"
        (package / "runner.py").write_text(head + code)
        (package / "requirements.txt").write_text("deepchecks==0\n")
        monkeypatch.setattr(suites, "files", lambda _name: package)
        adapter = DeepchecksSuites(
            StandIn(tmp_path / "envs"),
            folder=tmp_path / "scratch",
            log=lambda _line: None,
            progress=lambda _bytes: None,
        )
        return judge(now, suite=suite(check), now=NOW, reference=reference, deepchecks=adapter)

    return run


def said(*results: dict[str, Any]) -> str:
    whole = [{"name": "A", "applies": True, "error": None, "conditions": [], **r} for r in results]
    return f"pathlib.Path(request['answer']).write_text({json.dumps(json.dumps(whole))})\n"


def condition(category: str) -> dict[str, str]:
    return {"category": category, "name": "is less than 1", "details": "found 2"}


def test_its_conditions_are_results_and_its_errors_never_pass(
    answer_with: Any, tmp_path: Path
) -> None:
    report = answer_with(
        said(
            {"name": "Good", "conditions": [condition("PASS")]},
            {"name": "Odd", "conditions": [condition("PASS"), condition("WARN")]},
            {"name": "Bad", "conditions": [condition("FAIL"), condition("WARN")]},
            {"name": "Broken", "conditions": [condition("ERROR")]},
            {"name": "Crashed", "error": "TypeError: x"},
            {"name": "Without label", "applies": False, "error": "NotSupported: no label"},
        ),
        INTEGRITY,
        now=table(tmp_path, sales(50, seed=1)),
    )
    assert statuses(report) == {
        "deepchecks:Good": "passed",
        "deepchecks:Odd": "warned",
        "deepchecks:Bad": "failed",
        "deepchecks:Broken": "error",
        "deepchecks:Crashed": "error",
        "deepchecks:Without label": "passed",
    }
    assert "Bad: found 2." in report.reasons[1]


@pytest.mark.parametrize("code", ["sys.exit(3)", "raise ValueError('no')", "os.abort()", "pass"])
def test_a_process_that_ends_badly_is_an_error(code: str, answer_with: Any, tmp_path: Path) -> None:
    report = answer_with(code, INTEGRITY, now=table(tmp_path, sales(50, seed=1)))
    assert (list(statuses(report).values()), report.verdict) == (["error"], "failed")


def test_it_gets_a_sample_and_no_secret(
    answer_with: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLEET_STORAGE__SECRET_KEY", "hidden")
    seen = tmp_path / "seen.json"
    code = (
        f"pathlib.Path({str(seen)!r}).write_text(json.dumps([request, dict(os.environ)]))\n{said()}"
    )
    sides = [table(tmp_path, sales(3000, seed=n), name=f"side{n}") for n in (1, 2)]
    check = {**TRAIN_TEST, "rows": 1000, "label": "paid"}
    answer_with(code, check, now=sides[1], reference=sides[0])

    request, environment = json.loads(seen.read_text())
    assert request["categories"] == ["city", "note"]
    assert request["label"] == "paid"
    assert 800 < Table.scan([Path(request["table"])]).rows < 1200
    assert not any("hidden" in value for value in environment.values())
    assert set(environment) - {"LC_CTYPE"} <= {
        "PATH", "HOME", "MPLBACKEND", "MPLCONFIGDIR", "DISABLE_LATEST_VERSION_CHECK",
    }  # fmt: skip


def test_train_and_test_need_a_reference(answer_with: Any, tmp_path: Path) -> None:
    report = answer_with(said(), TRAIN_TEST, now=table(tmp_path, sales(50, seed=1)))
    assert list(statuses(report).values()) == ["error"]


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_the_real_suites_in_their_own_environment(light_quality: Quality) -> None:
    kept = os.environ.get("FLEET_TEST_ENVIRONMENTS")
    if kept:
        (light_quality.settings.data / "envs").symlink_to(kept)
    first = light_quality.publish("deep", sales(3000, seed=1))
    checks = (INTEGRITY, {**TRAIN_TEST, "label": "paid"})
    light_quality.make_suite("deep", *checks, reference=first.table_version_id)
    light_quality.judged(first, timeout_s=900)
    shifted = light_quality.publish("deep", sales(3000, seed=2, shift=3), number=2)
    judged = light_quality.judged(shifted, timeout_s=300)

    report = light_quality.get(f"/v1/judgements/{judged['id']}/report")
    found = {each["id"]: each["status"] for each in report["results"]}
    assert found["deepchecks:Feature Drift"] == "failed"
    assert found["deepchecks:Data Duplicates"] == "passed"
    assert "error" not in found.values()
    for name in ("data_integrity", "train_test_validation"):
        path = f"/v1/judgements/{judged['id']}/report"
        page = light_quality.ask("GET", path, params={"as": f"deepchecks-{name}"})
        assert page.status_code == 200
        assert page.headers["content-security-policy"] == "sandbox"
        assert page.headers["content-disposition"].startswith("attachment")
