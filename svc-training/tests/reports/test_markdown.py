"""Whatever a name or a value holds, a reader of the comment sees it as text and as nothing else."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from report_facts import NASTY, facts

from shared_lib.contracts.errors import Problem
from shared_lib.contracts.pull_requests import PullRequest
from shared_lib.contracts.reports import ReportedMetric, ReportedParam, ReportedSuite, ReportOutcome
from shared_lib.contracts.training import StageOutcome, StageView
from shared_lib.contracts.verdicts import Verdict
from svc_training.reports.comments import marker_of
from svc_training.reports.markdown import LONGEST, Links, plain, render

GITHUB = MarkdownIt("commonmark").enable(["table", "strikethrough"])
MENTION = re.compile(r"(^|[^A-Za-z0-9_`])@[A-Za-z0-9]")
REFERENCE = re.compile(r"#\d|GH-\d")


def read(markdown: str) -> tuple[str, set[str]]:
    """What a reader sees, and of what kinds of markup it is made."""
    found, kinds = [], set()

    def walk(tokens: list[Token]) -> None:
        for token in tokens:
            kinds.add(token.type)
            if token.type in ("text", "code_inline"):
                found.append(token.content)
            walk(token.children or [])

    walk(GITHUB.parse(markdown))
    return "".join(found), kinds


@given(NASTY)
def test_text_in_a_cell_is_read_as_it_is(said: str) -> None:
    shown, kinds = read(f"| a | b |\n| --- | --- |\n| {plain(said, limit=10_000)} | end |\n")
    expected = " ".join(
        re.sub(
            r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]",
            " ",
            said,
        ).split()
    )
    assert shown.replace("\u200b", "") == f"ab{expected}end"
    assert not MENTION.search(shown.replace("@\u200b", ""))
    assert "://" not in shown
    assert not re.search(r"www\.[a-z]", shown.lower())
    assert not kinds & {"html_inline", "html_block", "link_open", "code_inline", "image", "em_open"}


words = st.lists(NASTY, max_size=4)


@settings(max_examples=60)
@given(words, words, NASTY, NASTY)
def test_a_comment_has_our_markup_and_no_other(
    names: list[str], reasons: list[str], model: str, detail: str
) -> None:
    at = PullRequest(repository="Owner/name", number=7)
    told = facts(
        model=model,
        headline=f"{model} v2 is champion",
        why=detail,
        reason=detail,
        outcome=ReportOutcome.FAILED,
        error=Problem(type="t", title=detail, status=422, code="c", detail=detail),
        metrics=[ReportedMetric(name=name, champion=None, current=1.0) for name in names],
        params=[ReportedParam(name=name, champion=name, current={name: [1]}) for name in names],
        stages=[StageView(name=n, outcome=StageOutcome.RAN, device=n, seconds=1) for n in names],
        suites=[
            ReportedSuite(suite=name, judgement_id="qj", verdict=Verdict.FAILED, reasons=reasons)
            for name in names
        ],
        rule=model,
    )
    marker = marker_of(at, model=model)
    written = render(told, marker=marker, links=Links(base="https://fleet.example"))
    assert written.startswith(f"{marker}\n\n### ")
    assert "\n" not in marker
    assert marker.count("-->") == 1
    tokens = GITHUB.parse(written)
    assert tokens[0].type == "html_block"
    assert tokens[0].content.strip() == marker
    shown, kinds = read("".join(written.splitlines(keepends=True)[1:]))
    assert not kinds & {"html_inline", "html_block", "image", "fence", "code_block", "hr"}
    assert not MENTION.search(shown)
    assert not REFERENCE.search(shown.replace("GH-", "GH\u200b-") if "GH-" in model else shown)
    links = [c.attrs["href"] for t in tokens for c in t.children or [] if c.type == "link_open"]
    assert all(str(link).startswith("https://fleet.example/") for link in links)
    assert len(written) <= LONGEST


def test_a_comment_fits_however_much_there_is_to_say() -> None:
    many = ["*" * 400 + str(n) for n in range(2000)]
    told = facts(
        why=many[0] * 40,
        reason=many[1] * 40,
        metrics=[ReportedMetric(name=name, champion=1.0, current=2.0) for name in many],
        params=[ReportedParam(name=name, champion=name, current=name) for name in many],
        stages=[StageView(name=n, outcome=StageOutcome.RAN, device=n, seconds=1) for n in many],
        suites=[
            ReportedSuite(suite=n, judgement_id="qj", verdict=Verdict.FAILED, reasons=many)
            for n in many[:20]
        ],
        numbers=dict.fromkeys(many, 1.0),
    )
    written = render(told)
    assert len(written) <= LONGEST
    assert "more, in the whole report" in written


def test_a_report_reads_well() -> None:
    written = render(facts(), links=Links(base="https://fleet.example/"))
    for line in (
        "### 🏆 homes-small v2 is champion instead of v1",
        "| **mean loss** of 200 test rows | 2 | 1.5 | −0.5, 95 % interval −0.6 to −0.4 |",
        "| rmse | 2 | 1.5 | −0.5 |",
        "| rows | 1,000 | 1,200 | +200 |",
        "| version | homes v1 | homes v3 |  |",
        "| train.c | 1 | \\[2, null\\] |",
        "**Stages: 1 ran, 1 came from the cache**",
        "| train | ran | cpu Xeon | 3.1 s |",
        "**Quality: warned**",
        "- gate: amount has 3 rows below 0.",
        "**Savings**: 5.54 MB as it came → 677 kB as Parquet (−88 %), 1 row in quarantine",
    ):
        assert line in written, f"{line}\n\n{written}"
    assert "[flow](https://fleet.example/flows/fl_1)" in written
    assert "`fleet flow show fl_1`" in render(facts())
