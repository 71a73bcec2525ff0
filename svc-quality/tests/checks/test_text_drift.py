"""Texts of columns against the reference's, by embeddings: found, told, and never passed unseen.

The vectors are an endpoint's, for which close in letters is close in meaning; the packaged model is
asked by the long test.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.responses import JSONResponse
from quality_service import quality_settings, running_quality
from quality_tables import NOW, only, statuses, suite, table

from shared_lib.contracts.quality import CheckResult, QualityReport
from shared_lib.embeddings.settings import EmbeddingSettings
from shared_lib.testing.embeddings import Endpoint, embedding_endpoint
from svc_quality.checks.engine import judge
from svc_quality.drift.embedding import TextEmbedder

CHECK = {"check": "text_drift", "columns": ["note"]}
TOPICS = {
    "plumbing": ["the tap", "a pipe", "our boiler", "the sink", "leaks", "drips", "is blocked"],
    "praise": ["great", "lovely", "friendly people", "thank you", "we come again", "best ever"],
}


def texts(topic: str, rows: int, *, seed: int) -> list[str]:
    """Rows of four phrases of a topic."""
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(TOPICS[topic], 4)) for _ in range(rows)]


@pytest.fixture(scope="module")
def running_endpoint() -> Iterator[Endpoint]:
    with embedding_endpoint() as running:
        yield running


@pytest.fixture
def endpoint(running_endpoint: Endpoint) -> Endpoint:
    """What it was asked is this test's alone."""
    running_endpoint.texts.clear()
    return running_endpoint


@pytest.fixture
def compared(tmp_path: Path) -> Callable[..., QualityReport]:
    """`compared(before, now, check, embeddings=…)`: the report of one check."""

    def run(
        before: dict[str, Sequence[Any]] | None,
        now: dict[str, Sequence[Any]],
        *checks: dict[str, Any],
        embeddings: EmbeddingSettings,
        environments: Path | None = None,
    ) -> QualityReport:
        reference = table(tmp_path, before, name="reference") if before else None
        settings = quality_settings(tmp_path, embeddings=embeddings)
        settings.environments = environments
        with closing(
            TextEmbedder(lambda: settings, log=lambda _line: None, progress=lambda _d, _t, _u: None)
        ) as embedder:
            return judge(
                table(tmp_path, now),
                suite=suite(*checks),
                now=NOW,
                reference=reference,
                embed=embedder.embed,
            )

    return run


def shown(found: CheckResult) -> set[Any]:
    return {row["note"] for row in found.examples}


def test_what_is_written_anew_of_the_same_passes(compared: Any, endpoint: Endpoint) -> None:
    before, now = texts("plumbing", 150, seed=1), texts("plumbing", 200, seed=2)
    report = compared({"note": before}, {"note": now}, CHECK, embeddings=endpoint.settings)

    assert statuses(report) == {"text_drift:note": "passed"}
    found = only(report)
    assert "texts as in the reference" in found.message
    assert (found.examples, found.remedy) == ([], None)
    assert sorted(endpoint.texts) == sorted({*before, *now}), "each different text once"


def test_another_topic_fails_and_shows_its_texts(compared: Any, endpoint: Endpoint) -> None:
    before = texts("plumbing", 150, seed=1)
    other = texts("praise", 60, seed=3)
    now = {"note": [*texts("plumbing", 90, seed=2), *other]}
    report = compared({"note": before}, now, CHECK, embeddings=endpoint.settings)
    found = only(report)

    assert (found.status, report.verdict) == ("failed", "failed")
    assert "150 and 150 texts" in found.message
    assert "0.15 fails" in found.message
    assert "make this version the reference" in (found.remedy or "")
    assert found.drift is not None
    assert found.drift.effect > 0.15
    assert [sum(side) for side in zip(*((b.reference, b.current) for b in found.drift.bins),
                                      strict=True)] == [150, 150]  # fmt: skip
    assert len(shown(found)) == 5
    assert shown(found) <= set(other)
    assert all(now["note"][int(row["row"]) - 1] == row["note"] for row in found.examples)

    gently = compared(
        {"note": before}, now, {**CHECK, "severity": "warn"}, embeddings=endpoint.settings
    )
    assert (gently.verdict, statuses(gently)) == ("warned", {"text_drift:note": "warned"})
    allowed = compared(
        {"note": before}, now, {**CHECK, "floors": [1.5, 2]}, embeddings=endpoint.settings
    )
    assert allowed.verdict == "passed", "significant, and too small to matter"


def test_a_long_column_is_sampled_and_what_is_missing_is_left_out(
    compared: Any, endpoint: Endpoint
) -> None:
    before: list[str | None] = [f"text {number}" for number in range(3000)]
    before[::2] = [None] * 1500
    report = compared(
        {"note": before}, {"note": before}, {**CHECK, "rows": 80}, embeddings=endpoint.settings
    )
    drift = only(report).drift
    assert drift is not None
    assert (drift.rows, report.verdict, len(endpoint.texts)) == ((80, 80), "passed", 80)


def test_each_column_is_corrected_for_all_and_said_for_itself(
    compared: Any, endpoint: Endpoint
) -> None:
    before = dict.fromkeys(["a", "b", "c", "d", "gone"], texts("plumbing", 60, seed=1))
    now = {**before, "b": texts("praise", 60, seed=2), "c": [None] * 50 + ["x"] * 10,
           "d": list(range(60)), "n": [1] * 60}  # fmt: skip
    del now["gone"]
    check = {**CHECK, "columns": ["a", "b", "c", "d", "gone", "n"]}
    report = compared({**before, "n": [1] * 60}, now, check, embeddings=endpoint.settings)

    assert statuses(report) == {
        "text_drift:a": "passed",
        "text_drift:b": "failed",
        "text_drift:c": "error",
        "text_drift:d": "failed",
        "text_drift:gone": "failed",
        "text_drift:n": "error",
    }
    said = {each.column: each.message for each in report.results}
    assert "10 texts now; 20 are needed" in said["c"]
    assert "d was string in the reference and is int64 now" in said["d"]
    drift = report.results[1].drift
    assert drift is not None
    assert drift.p_adjusted == pytest.approx(2 * drift.p_value), "of two that were compared"


@pytest.mark.parametrize("why", ["off", "refused", "no reference", "no embedder", "nan"])
def test_without_vectors_it_never_passes_and_says_what_to_do(
    why: str, compared: Any, endpoint: Endpoint, tmp_path: Path
) -> None:
    columns = {"note": texts("plumbing", 30, seed=1)}
    off = EmbeddingSettings(provider="none")
    if why in {"no embedder", "nan"}:
        side = table(tmp_path, columns)
        embed = None if why == "no embedder" else lambda asked: np.full((len(asked), 2), np.nan)
        report = judge(side, suite=suite(CHECK), now=NOW, reference=side, embed=embed)
    else:
        if why == "refused":
            endpoint.answers.append(JSONResponse({"error": "no such key"}, status_code=401))
        report = compared(
            None if why == "no reference" else columns,
            columns,
            {**CHECK, "severity": "warn"},
            embeddings=off if why == "off" else endpoint.settings,
        )
    found = only(report)
    assert (found.status, report.verdict) == ("error", "failed")
    said = f"{found.message} {found.remedy}"
    assert {
        "off": "Set FLEET_EMBEDDINGS__PROVIDER to local",
        "refused": "judge again",
        "no reference": "Give the suite one",
        "no embedder": "Nothing makes embeddings here",
        "nan": "not finite",
    }[why] in said


def test_a_suite_without_it_opens_no_model(tmp_path: Path) -> None:
    def never(*_: Any) -> Any:
        raise AssertionError("nobody asked for vectors")

    side = table(tmp_path, {"note": ["a"]})
    with closing(TextEmbedder(never, log=never, progress=never)) as embedder:
        wanted = suite({"check": "nulls", "column": "note"}, {"check": "drift"})
        report = judge(side, suite=wanted, now=NOW, reference=side, embed=embedder.embed)
    assert report.verdict == "passed"


def test_the_job_of_a_published_table_embeds(tmp_path: Path, endpoint: Endpoint) -> None:
    with running_quality(quality_settings(tmp_path, embeddings=endpoint.settings)) as quality:
        quality.make_suite("notes", CHECK)
        first = quality.publish("notes", {"note": texts("plumbing", 60, seed=1)})
        assert quality.judged(first)["verdict"] == "passed"
        other = quality.publish("notes", {"note": texts("praise", 60, seed=2)}, number=2)
        judged = quality.judged(other)
        assert judged["verdict"] == "failed"
        assert "texts differ from the reference" in judged["reasons"][0]
        path = f"/v1/judgements/{judged['id']}/report"
        page = quality.ask("GET", path, params={"as": "html"})
        assert "similarity" in page.text


@pytest.mark.long
def test_the_packaged_model_tells_meanings_apart(compared: Any, ml_environments: Path) -> None:
    """The words differ in every row of all three; only the meaning moves."""
    rng = np.random.default_rng(5)

    def rows(who: list[str], what: list[str]) -> list[str]:
        return [f"{rng.choice(who)} {rng.choice(what)} {number}" for number in range(80)]

    water = ["leaks water", "is clogged", "drips all night", "has no pressure", "is rusty"]
    before = {"note": rows(["The tap", "A pipe", "Our boiler", "The sink"], water)}
    again = {"note": rows(["The tap", "A pipe", "Our boiler", "The sink"], water)}
    money = ["was charged twice", "shows the wrong tax", "was never refunded", "is overdue"]
    other = {"note": rows(["The invoice", "My payment", "The bill"], money)}
    given = {"embeddings": EmbeddingSettings(), "environments": ml_environments}

    assert compared(before, again, CHECK, **given).verdict == "passed"
    found = only(compared(before, other, CHECK, **given))
    assert found.status == "failed", found.message
