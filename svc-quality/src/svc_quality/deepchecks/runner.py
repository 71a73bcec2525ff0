"""Runs one suite of deepchecks; executed by its own environment: `python runner.py REQUEST.json`.

Imports nothing of Datafleet. The request names Parquet files and where the answer goes.
"""

import json
import sys
from pathlib import Path
from typing import Any

NOT_APPLICABLE = {
    "DeepchecksNotSupportedError",
    "DatasetValidationError",
    "NotEnoughSamplesError",
    "ModelValidationError",
}
"""What a check says when it has nothing to say: no label, no date, no index, no model."""

OLD_NAMES = {"Inf": "inf", "infty": "inf", "NaN": "nan", "float_": "float64", "unicode_": "str_"}


def bring_back_old_names() -> None:
    """numpy 2 dropped names that deepchecks 0.19.1 still uses."""
    import numpy  # noqa: PLC0415 - of this environment

    for old, new in OLD_NAMES.items():
        if not hasattr(numpy, old):
            setattr(numpy, old, getattr(numpy, new))


def run(request: dict[str, Any]) -> Any:
    """The suite's result."""
    import pandas  # noqa: PLC0415 - of this environment
    from deepchecks.tabular import Dataset, suites  # noqa: PLC0415 - as above

    def load(path: str) -> Any:
        frame = pandas.read_parquet(path)
        return Dataset(frame, label=request["label"], cat_features=request["categories"])

    suite = getattr(suites, request["suite"])()
    if request["suite"] == "train_test_validation":
        return suite.run(
            train_dataset=load(request["reference"]), test_dataset=load(request["table"])
        )
    return suite.run(load(request["table"]))


def describe(result: Any) -> dict[str, Any]:
    """One check: its name, its conditions, or why it was not run."""
    error = getattr(result, "exception", None)
    if error is not None:
        kind = type(error).__name__
        applies = kind not in NOT_APPLICABLE
        name = getattr(result, "header", None) or result.get_header()
        return {"name": name, "applies": applies, "error": f"{kind}: {error}", "conditions": []}
    conditions = [
        {"category": each.category.name, "name": each.name, "details": str(each.details)}
        for each in result.conditions_results
    ]
    return {"name": result.get_header(), "applies": True, "error": None, "conditions": conditions}


def main() -> None:
    """Run what the request asks for."""
    request = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    bring_back_old_names()
    result = run(request)
    result.save_as_html(request["html"], as_widget=False)
    answer = [describe(each) for each in result.results]
    Path(request["answer"]).write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
