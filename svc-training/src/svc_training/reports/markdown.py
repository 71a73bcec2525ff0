"""A report as Markdown for a comment on GitHub: pure, and safe whatever names and values are.

GitHub Flavored Markdown (spec 0.29): any ASCII punctuation may be escaped with a backslash (6.1).
GitHub also links mentions, issues and addresses in what comes out (its docs, "Autolinked
references and URLs"): a zero-width space inside of them prevents that.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from shared_lib.console.formats import (
    MINUS,
    NOTHING,
    count_of,
    format_bytes,
    format_change,
    format_count,
    format_duration,
)
from shared_lib.contracts.reports import ReportedData, ReportFacts, ReportOutcome

LONGEST = 65_000
"""Characters; GitHub refuses a comment of more than 65,536."""

_LONGEST_CELL = 200
_LONGEST_ERROR = 1000
_ROOM = (50, 20, 8, 3, 0)
"""Rows of each table that are tried until the whole fits."""

_MARKUP = re.compile(
    r"[\\`*\[\]<>|~&@#$]"  # means something wherever it stands
    r"|:(?=\S)"  # an address, an emoji
    r"|(?<=www)\."  # an address
    r"|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])"  # inside a word it is a letter
    r"|^[-+=_!]",  # at the start: a list, a line
    re.IGNORECASE,
)
_LINKED = re.compile(r"(\\[@#]|\\:(?=//)|(?<=www)\\\.)", re.IGNORECASE)
_NUMBERED = re.compile(r"^(\d+)([.)])")
_INVISIBLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]+"
)
_STOP = "\u200b"
_MARKS = {
    ReportOutcome.CHAMPION: "🏆",
    ReportOutcome.CHALLENGER: "⚖️",
    ReportOutcome.FAILED: "❌",
    ReportOutcome.CANCELLED: "⏹️",
    ReportOutcome.REFUSED: "⛔",
}


@dataclass(frozen=True)
class Links:
    """Where a comment leads to.

    Attributes:
        base: of the gateway's pages; empty when nobody said where people reach them, and then
            commands are named instead.
    """

    base: str = ""

    def page(self, label: str, path: str, *, command: str) -> str:
        """A link, or the command that shows the same."""
        if self.base:
            return f"[{label}]({self.base.rstrip('/')}{path})"
        return f"{label}: `{command}`"


def plain(value: object, *, limit: int = _LONGEST_CELL) -> str:
    """Any text as a reader sees it, and as nothing else: no markup, no link, no mention."""
    said = " ".join(_INVISIBLE.sub(" ", str(value)).split())
    if len(said) > limit:
        said = said[: limit - 1] + "…"
    escaped = _NUMBERED.sub(r"\1\\\2", _MARKUP.sub(lambda found: f"\\{found[0]}", said))
    return _LINKED.sub(rf"\1{_STOP}", escaped)


def render(facts: ReportFacts, *, marker: str = "", links: Links | None = None) -> str:
    """The comment, at most `LONGEST` characters.

    Args:
        facts: what is reported.
        marker: a hidden first line that finds the comment again.
        links: where it leads to.
    """
    found = ""
    for room in _ROOM:
        found = _render(facts, marker=marker, links=links or Links(), room=room)
        if len(found) <= LONGEST:
            break
    return found


def _render(facts: ReportFacts, *, marker: str, links: Links, room: int) -> str:
    sections = [
        marker,
        f"### {_MARKS[facts.outcome]} {plain(facts.headline)}",
        _why(facts),
        _numbers(facts, room),
        _data(facts),
        _params(facts, room),
        _stages(facts, room),
        _quality(facts, room),
        _savings(facts),
        _links(facts, links),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _why(facts: ReportFacts) -> str:
    lines = [] if facts.reason == facts.why else [plain(facts.reason, limit=1000)]
    if facts.error is not None:
        lines.append(f"**{plain(facts.error.title)}**: {_both_ends(facts.error.detail)}")
    ran = "Not trained" if facts.outcome is ReportOutcome.REFUSED else "Ran"
    numbers = ", ".join(
        f"{plain(name)} {_number(value)}" for name, value in sorted(facts.numbers.items())[:10]
    )
    told = f"**{ran} because** {plain(facts.why, limit=1000)} (rule {plain(facts.rule)}"
    lines.append(told + (f": {numbers})" if numbers else ")"))
    return "\n\n".join(lines)


def _both_ends(detail: str) -> str:
    """What happened stands at the front of an error, and what a program said last at its end."""
    if len(detail) <= _LONGEST_ERROR:
        return plain(detail, limit=_LONGEST_ERROR)
    half = _LONGEST_ERROR // 2
    return f"{plain(detail[:half], limit=half)} … {plain(detail[-half:], limit=half)}"


def _numbers(facts: ReportFacts, room: int) -> str:
    """Champion against challenger: the losses that decided, then every metric of both."""
    rows = []
    champion = f"champion v{facts.champion}" if facts.champion else "champion"
    current = f"v{facts.version}" if facts.version else "this"
    found = facts.comparison
    if found is not None:
        span = f"95 % interval {_signed(found.low)} to {_signed(found.high)}"
        rows.append(
            (
                f"**mean loss** of {format_count(found.rows)} test rows",
                _number(found.champion_loss),
                _number(found.challenger_loss),
                f"{_signed(found.challenger_loss - found.champion_loss)}, {span}",
            )
        )
    if facts.version is None:
        return ""
    for each in facts.metrics:
        both = each.champion is not None and each.current is not None
        change = _signed((each.current or 0) - (each.champion or 0)) if both else NOTHING
        rows.append((plain(each.name), _number(each.champion), _number(each.current), change))
    return _table("Numbers", ("", champion, current, "change"), rows, room=max(room, 1))


def _data(facts: ReportFacts) -> str:
    before, now = facts.champion_data, facts.data

    def row(name: str, show: Callable[[ReportedData], str], change: str) -> tuple[str, ...]:
        return name, show(before) if before else NOTHING, show(now), change

    def count(value: int | None) -> str:
        return NOTHING if value is None else format_count(value)

    def change(old: int | None, new: int | None) -> str:
        return NOTHING if old is None or new is None else _signed_count(new - old)

    same = before is not None and before.table_version_id == now.table_version_id
    rows = [
        row(
            "version",
            lambda each: f"{plain(each.dataset)} v{each.version_number}",
            "the same" if same else "",
        ),
        row("id", lambda each: f"`{each.version_id}`", ""),
        row(
            "rows", lambda each: count(each.rows), change(before.rows if before else None, now.rows)
        ),
        row(
            "columns",
            lambda each: count(each.columns),
            change(before.columns if before else None, now.columns),
        ),
    ]
    return _table("Data", ("", "of the champion", "this", "change"), rows, room=len(rows))


def _params(facts: ReportFacts, room: int) -> str:
    if facts.version is None or facts.champion is None:
        return ""
    if not facts.params:
        return "**Params** are those of the champion."
    rows = [(plain(e.name), _value(e.champion), _value(e.current)) for e in facts.params]
    return _table("Params that differ", ("", "champion", "this"), rows, room=room)


def _stages(facts: ReportFacts, room: int) -> str:
    rows = [
        (
            plain(each.name),
            each.outcome.value,
            plain(each.device or NOTHING),
            NOTHING if each.seconds is None else format_duration(each.seconds),
        )
        for each in facts.stages
    ]
    ran = sum(each.outcome == "ran" for each in facts.stages)
    title = f"Stages: {ran} ran, {len(rows) - ran} came from the cache"
    return _table(title, ("stage", "", "device", "took"), rows, room=room) if rows else ""


def _quality(facts: ReportFacts, room: int) -> str:
    if not facts.suites:
        return "**Quality**: no suite judges this dataset."
    lines = [f"**Quality: {facts.verdict or 'not judged yet'}**", ""]
    reasons = [(each.suite, reason) for each in facts.suites for reason in each.reasons]
    shown = reasons[: max(room, 1)]
    lines += [f"- {plain(suite)}: {plain(reason, limit=500)}" for suite, reason in shown]
    if len(reasons) > len(shown):
        lines.append(f"- and {len(reasons) - len(shown)} more")
    return "\n".join(lines).rstrip()


def _savings(facts: ReportFacts) -> str:
    found = facts.savings
    if found is None:
        return ""
    said = (
        f"**Savings**: {format_bytes(found.bytes_before)} as it came → "
        f"{format_bytes(found.bytes_after)} as Parquet "
        f"({format_change(found.bytes_before, found.bytes_after)})"
    )
    if found.quarantined_rows:
        said += f", {count_of(found.quarantined_rows, 'row')} in quarantine"
    return said


def _links(facts: ReportFacts, links: Links) -> str:
    found = []
    subject = facts.training_job_id or facts.decision_id
    if facts.flow_id:
        command = f"fleet flow show {facts.flow_id}"
        found.append(links.page("flow", f"/flows/{facts.flow_id}", command=command))
    if subject:
        command = f"fleet pipeline report {subject}"
        found.append(links.page("whole report", f"/reports/{subject}", command=command))
    if facts.training_job_id and links.base:
        # A link: GitHub fetches pictures itself, and nobody who is not signed in sees this one.
        picture = f"/v1/training-jobs/{facts.training_job_id}/report?as=png"
        found.append(links.page("picture", picture, command=""))
    if facts.job_id:
        command = f"fleet job logs {facts.job_id}"
        found.append(links.page("job", f"/jobs/{facts.job_id}", command=command))
    found += [
        links.page(
            f"quality and drift by {plain(each.suite, limit=60)}",
            f"/v1/judgements/{each.judgement_id}/report?as=html",
            command=f"fleet quality show {each.judgement_id}",
        )
        for each in facts.suites[:5]
    ]
    if facts.version is not None and links.base:
        size = format_bytes(sum(each.bytes for each in facts.artifacts))
        found.append(f"model: {len(facts.artifacts)} files, {size}")
    if facts.commit:
        found.append(f"pipelines at `{facts.commit[:12]}`")
    return " · ".join(found)


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]], *, room: int) -> str:
    shown = rows[:room]
    lines = [
        f"**{title}**",
        "",
        "| " + " | ".join(head) + " |",
        "|" + " --- |" * len(head),
        *("| " + " | ".join(row) + " |" for row in shown),
    ]
    if len(rows) > len(shown):
        lines += ["", f"and {len(rows) - len(shown)} more, in the whole report"]
    return "\n".join(lines)


def _value(value: JsonValue) -> str:
    """As it stands in `params.yaml`; a param that is not there is a dash."""
    if value is None:
        return NOTHING
    return plain(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _number(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.6g}".replace("-", MINUS)


def _signed(value: float) -> str:
    return f"{value:+.4g}".replace("-", MINUS)


def _signed_count(value: int) -> str:
    return "±0" if value == 0 else f"{value:+,}".replace("-", MINUS)
