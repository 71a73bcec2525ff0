"""What became of each pushed file, read from its flow."""

from collections import defaultdict

from shared_lib.contracts.base import Contract
from shared_lib.contracts.catalog import FlowStep, FlowView, StepState, VersionView
from shared_lib.contracts.errors import Problem
from shared_lib.contracts.verdicts import Verdict

_TABLES = "/v1/tables/"


class FileResult(Contract):
    """A pushed file; what is not known yet is null. `fleet push --json` prints these.

    Of a file of several tables the figures are those of all of them, the name the first one's.
    """

    dataset: str
    version: int
    file: str
    state: StepState
    flow_id: str
    table: str | None = None
    table_id: str | None = None
    tables: int = 0
    rows: int | None = None
    columns: int | None = None
    bytes_in: int = 0
    bytes_out: int | None = None
    widened_columns: int | None = None
    quarantined_rows: int | None = None
    duration_s: float | None = None
    verdict: Verdict | None = None
    error: Problem | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to the file."""
        return self.state != StepState.RUNNING


def pending_results(version: VersionView) -> list[FileResult]:
    """The files of a version that has just landed."""
    return [
        FileResult(
            dataset=version.dataset_name,
            version=version.number,
            file=file.path,
            state=StepState.RUNNING,
            flow_id=version.flow_id,
            bytes_in=file.bytes,
        )
        for file in version.files
    ]


def read_results(flow: FlowView) -> list[FileResult]:
    """The files of a flow, in the order in which they landed."""
    by_file: dict[str, dict[str, FlowStep]] = defaultdict(dict)
    published: dict[str, list[FlowStep]] = defaultdict(list)
    for step in flow.steps:
        if step.name == "published":
            published[step.subject or ""].append(step)
        known = by_file[step.subject or ""].get(step.name)
        if known is None or _urgency(step) > _urgency(known):
            by_file[step.subject or ""][step.name] = step
    return [_result(flow, file, steps, published[file]) for file, steps in by_file.items()]


def _urgency(step: FlowStep) -> int:
    """Of several suites the worst verdict is the file's."""
    order = (Verdict.PASSED, Verdict.WARNED, Verdict.FAILED)
    verdict = step.facts.get("verdict")
    return order.index(Verdict(verdict)) + 1 if isinstance(verdict, str) else 0


def _result(
    flow: FlowView, file: str, steps: dict[str, FlowStep], tables: list[FlowStep]
) -> FileResult:
    landed, converted, judged = (steps.get(name) for name in ("landed", "converted", "judged"))
    published = tables[0] if tables else None
    state = StepState.RUNNING
    if published is not None:
        state = published.state
    elif converted is not None and converted.state != StepState.SUCCEEDED:
        state = converted.state
    error, verdict = converted.error if converted is not None else None, None
    if judged is not None:
        state, error = judged.state, judged.error or error
        said = judged.facts.get("verdict")
        verdict = Verdict(said) if isinstance(said, str) else None
    facts = published.facts if published is not None else {}
    landed_bytes = landed.facts.get("bytes") if landed is not None else None
    return FileResult(
        dataset=flow.dataset_name,
        version=flow.version_number,
        file=file,
        state=state,
        flow_id=flow.id,
        table=str(facts["table"]) if "table" in facts else None,
        table_id=_table_id(published),
        tables=len(tables),
        rows=_total(tables, "rows"),
        columns=_total(tables, "columns"),
        bytes_in=_number(facts.get("bytes_in", landed_bytes)) or 0,
        bytes_out=_total(tables, "bytes_out"),
        widened_columns=_total(tables, "widened_columns"),
        quarantined_rows=_total(tables, "quarantined_rows"),
        duration_s=converted.duration_s if converted is not None else None,
        verdict=verdict,
        error=error,
    )


def _table_id(published: FlowStep | None) -> str | None:
    link = published.links.get("table", "") if published is not None else ""
    return link.removeprefix(_TABLES) if link.startswith(_TABLES) else None


def _total(tables: list[FlowStep], fact: str) -> int | None:
    numbers = [_number(table.facts.get(fact)) for table in tables]
    return sum(number or 0 for number in numbers) if numbers else None


def _number(value: float | str | None) -> int | None:
    return int(value) if isinstance(value, int | float) else None
