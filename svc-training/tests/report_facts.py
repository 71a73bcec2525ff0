"""Facts of a report, generated and by hand."""

from typing import Any

from hypothesis import strategies as st

from shared_lib.contracts.base import utc_now
from shared_lib.contracts.models import Comparison
from shared_lib.contracts.reports import (
    ReportedData,
    ReportedMetric,
    ReportedParam,
    ReportedSavings,
    ReportedSuite,
    ReportFacts,
    ReportOutcome,
)
from shared_lib.contracts.training import StageOutcome, StageView
from shared_lib.contracts.verdicts import Verdict

NASTY = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "a|b",
            "`code` ``more``",
            "@octocat and @org/team",
            "fixes #12, owner/name#3",
            "<img src=x onerror=alert(1)><!-- -->",
            "-->",
            "[text](https://evil.example)",
            "https://evil.example www.evil.example me@evil.example",
            "**bold** _under_ ~~gone~~ ~x~",
            "| --- |\n\n# heading\n- list\n1. one\n> quote\n```",
            "&lt;b&gt; &#64;octocat &amp;",
            "\\| \\` \\\\",
            "a\u2028b\u202ec\x00d\ud800",
            ":+1: $x^2$ $$y$$",
            "x" * 5000,
        ]
    ),
)


def facts(**more: Any) -> ReportFacts:
    """A version that has won."""
    data = ReportedData(
        dataset="homes",
        version_number=3,
        version_id="dv_3",
        table_version_id="tv_3",
        rows=1200,
        columns=4,
    )
    given: dict[str, Any] = {
        "id": "rp_1",
        "outcome": ReportOutcome.CHAMPION,
        "headline": "homes-small v2 is champion instead of v1",
        "reason": "It is better.",
        "model": "homes-small",
        "version": 2,
        "pipeline": "small",
        "commit": "a" * 40,
        "champion": 1,
        "comparison": Comparison(
            rows=200,
            champion_version=1,
            champion_loss=2.0,
            challenger_loss=1.5,
            low=-0.6,
            high=-0.4,
            margin=0.0,
        ),
        "metrics": [ReportedMetric(name="rmse", champion=2.0, current=1.5)],
        "params": [ReportedParam(name="train.c", champion=1, current=[2, None])],
        "data": data,
        "champion_data": data.model_copy(
            update={
                "version_number": 1,
                "version_id": "dv_1",
                "table_version_id": "tv_1",
                "rows": 1000,
            }
        ),
        "stages": [
            StageView(name="prepare", outcome=StageOutcome.CACHED),
            StageView(name="train", outcome=StageOutcome.RAN, device="cpu Xeon", seconds=3.1),
        ],
        "verdict": Verdict.WARNED,
        "suites": [
            ReportedSuite(
                suite="gate",
                judgement_id="qj_1",
                verdict=Verdict.WARNED,
                reasons=["amount has 3 rows below 0."],
            )
        ],
        "savings": ReportedSavings(bytes_before=5_540_000, bytes_after=677_000, quarantined_rows=1),
        "rule": "new_data",
        "why": "The gate said warned, and 200 rows came since the last training.",
        "numbers": {"rows_since_last": 200.0},
        "flow_id": "fl_1",
        "job_id": "job_tr_1",
        "training_job_id": "tj_1",
        "decision_id": "td_1",
        "artifacts": [],
        "error": None,
        "pull_request": None,
        "created_at": utc_now(),
    }
    return ReportFacts(**(given | more))
