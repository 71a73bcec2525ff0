"""A suite of deepchecks as a check of ours: sampled, bounded in time, its errors never pass."""

import json
import os
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import polars as pl

from shared_lib.contracts.quality import CheckResult, CheckStatus
from shared_lib.contracts.suites import DeepchecksCheck
from shared_lib.environments import Environments
from shared_lib.environments.environments import Log, Progress
from svc_quality.checks.errors import CheckCannotRunError
from svc_quality.checks.results import outcome
from svc_quality.checks.table import Table

TIME_LIMIT_S = 900.0
_SEED = 20_260_102
_LAST_LINES = 5


class DeepchecksSuites:
    """Runs suites of deepchecks in their environment, which the first one builds.

    Args:
        environments: where it is, or will be.
        folder: for samples and reports; `reports()` finds the latter.
        log: told what the building of the environment says.
        progress: told how large it is.
    """

    def __init__(
        self, environments: Environments, *, folder: Path, log: Log, progress: Progress
    ) -> None:
        self._environments = environments
        self._folder = folder
        self._log = log
        self._progress = progress

    def __call__(
        self, check: DeepchecksCheck, table: Table, reference: Table | None
    ) -> list[CheckResult]:
        """One result a check of the suite.

        Raises:
            CheckCannotRunError: there is no reference to compare with, or the process failed.
            EnvironmentBuildError: the environment cannot be built.
        """
        self._folder.mkdir(exist_ok=True)
        answer, html = self._folder / f"{check.suite}.json", self._folder / f"{check.suite}.html"
        request = {
            "suite": check.suite,
            "label": check.label,
            "categories": _categories(table, label=check.label),
            "table": str(self._sample(table, check, name="table")),
            "reference": str(self._sample(reference, check, name="reference"))
            if reference
            else None,
            "answer": str(answer),
            "html": str(html),
        }
        if check.suite == "train_test_validation" and reference is None:
            raise CheckCannotRunError("train_test_validation needs a reference version.")
        self._run(request)
        return [_result(check, each) for each in json.loads(answer.read_text(encoding="utf-8"))]

    def reports(self) -> dict[str, Path]:
        """The HTML files that were made, by the name of their suite."""
        return {path.stem: path for path in sorted(self._folder.glob("*.html"))}

    def _sample(self, table: Table, check: DeepchecksCheck, *, name: str) -> Path:
        frame = table.frame
        if table.rows > check.rows:
            kept = pl.row_index("row").hash(seed=_SEED) < int(2**64 * check.rows / table.rows)
            frame = frame.filter(kept)
        decimals = [column for column, dtype in table.schema.items() if dtype.is_decimal()]
        path = self._folder / f"{name}.parquet"
        sampled = frame.with_columns(pl.col(decimals).cast(pl.Float64))
        sampled.collect(engine="streaming").write_parquet(path)
        return path

    def _run(self, request: dict[str, Any]) -> None:
        package = files("svc_quality.deepchecks")
        requirements = (package / "requirements.txt").read_text(encoding="utf-8")
        environment = self._environments.ensure(
            requirements, log=self._log, progress=self._progress
        )
        asked = self._folder / "request.json"
        asked.write_text(json.dumps(request), encoding="utf-8")
        try:
            ended = subprocess.run(  # noqa: S603 - our own runner
                [environment.python, "-I", str(package / "runner.py"), str(asked)],
                cwd=self._folder,
                env=_bare_environment(self._folder),
                capture_output=True,
                text=True,
                timeout=TIME_LIMIT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise CheckCannotRunError(
                f"It took longer than {TIME_LIMIT_S:.0f} s. Give it fewer `rows`."
            ) from error
        if ended.returncode:
            said = " ".join(ended.stderr.strip().splitlines()[-_LAST_LINES:])
            raise CheckCannotRunError(f"Its process ended with {ended.returncode}: {said}")


def _bare_environment(folder: Path) -> dict[str, str]:
    """No secret of ours, nothing told to anybody, no window opened."""
    return {
        "PATH": os.defpath,
        "HOME": str(folder),
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": str(folder),
        "DISABLE_LATEST_VERSION_CHECK": "true",
        # Of the job's try, so that whoever ends the job ends this as well.
        **{name: value for name, value in os.environ.items() if name == "FLEET_JOB_TRY"},
    }


def _categories(table: Table, *, label: str | None) -> list[str]:
    return [
        name
        for name, dtype in table.schema.items()
        if isinstance(dtype, pl.String | pl.Boolean) and name != label
    ]


def _result(check: DeepchecksCheck, found: dict[str, Any]) -> CheckResult:
    name = f"deepchecks:{found['name']}"
    if found["error"] is not None and found["applies"]:
        return CheckResult(
            id=name,
            check=check.check,
            status=CheckStatus.ERROR,
            severity=check.severity,
            message=f"{found['name']} could not be run: {found['error']}",
        )
    if found["error"] is not None:
        said = f"{found['name']} does not apply: {found['error'].partition(': ')[2]}."
        return outcome(check, id=name, holds=True, message=said)
    broken = [each for each in found["conditions"] if each["category"] != "PASS"]
    result = outcome(
        check,
        id=name,
        holds=not broken,
        message=" ".join(f"{found['name']}: {each['details']}." for each in broken)
        or f"{found['name']}: as it should be.",
        remedy="; ".join(each["name"] for each in broken) + ".",
    )
    categories = {each["category"] for each in broken}
    if "ERROR" in categories:
        return result.model_copy(update={"status": CheckStatus.ERROR})
    if categories == {"WARN"}:
        return result.model_copy(update={"status": CheckStatus.WARNED})
    return result
