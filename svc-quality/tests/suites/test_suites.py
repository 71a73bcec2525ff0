"""A suite comes back from its file as it was, and an inferred one lets the next table pass."""

from pathlib import Path

import pytest
from quality_tables import NOW, sales, table

from shared_lib.console.suite_files import SuiteUnreadableError, read_suite, write_suite
from svc_quality.checks.engine import judge
from svc_quality.suites.inference import infer_suite


def test_an_inferred_suite_passes_its_table_and_the_next_ones(tmp_path: Path) -> None:
    reference = table(tmp_path, sales(2000, seed=1), name="reference")
    inferred = infer_suite(reference, name="sales", label="paid")

    checks = {(check.check, getattr(check, "column", None)) for check in inferred.checks}
    assert {("range", "price"), ("values", "city"), ("nulls", "city")} <= checks
    assert ("range", "id") not in checks, "a key grows"
    for seed in (1, 2, 3):
        following = table(tmp_path, sales(2000, seed=seed), name="following")
        report = judge(following, suite=inferred, now=NOW, reference=reference)
        assert report.verdict == "passed", report.reasons


def test_an_inferred_suite_finds_what_is_wrong(tmp_path: Path) -> None:
    reference = table(tmp_path, sales(2000, seed=1), name="reference")
    inferred = infer_suite(reference, name="sales")
    bad = sales(2000, seed=2)
    bad["city"] = ["Rom"] * 2000
    bad["id"] = [1] * 2000
    bad["price"] = [-1.0] * 2000
    report = judge(table(tmp_path, bad), suite=inferred, now=NOW, reference=reference)

    broken = {each.id for each in report.results if each.status != "passed"}
    assert broken >= {"values:city", "unique:id", "range:price", "drift:price", "drift:city"}


@pytest.mark.parametrize("columns", [{"a": []}, {"a": [None, None]}, {"a": [1]}, {"a": ["x y"]}])
def test_a_suite_can_be_inferred_of_almost_nothing(
    columns: dict[str, list[object]], tmp_path: Path
) -> None:
    small = table(tmp_path, {"a": [1], **columns})
    inferred = infer_suite(small, name="small")
    assert read_suite(write_suite(inferred)) == inferred
    if small.rows:
        assert judge(small, suite=inferred, now=NOW, reference=small).verdict == "passed"


def test_a_suite_comes_back_from_yaml_and_json(tmp_path: Path) -> None:
    inferred = infer_suite(table(tmp_path, sales(500, seed=1)), name="sales")
    assert read_suite(write_suite(inferred)) == inferred
    assert read_suite(inferred.model_dump_json()) == inferred


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: [", "neither YAML nor JSON"),
        ("", "the whole file"),
        ("name: a\nchecks: []\n", "checks"),
        ("name: a\nchecks:\n- check: nothing\n", "checks.0"),
        ("name: a\nchecks:\n- {check: range, column: x}\n", "has a `min`"),
        ("name: a\nchecks:\n- {check: nulls, column: x, maxshare: 1}\n", "maxshare"),
    ],
)
def test_a_mistake_in_a_suite_names_its_place(text: str, said: str) -> None:
    with pytest.raises(SuiteUnreadableError, match=said):
        read_suite(text)
