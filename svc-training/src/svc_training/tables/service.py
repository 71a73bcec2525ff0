"""Keeps what other services tell of table versions."""

from collections.abc import Callable

from shared_lib.contracts.events import Event, JudgementsRequested, QualityJudged, TablePublished
from shared_lib.db.engine import ReadView, WriteUnit
from svc_training.tables.errors import NotJudgedError, RefusedByGateError, TableVersionNotFoundError
from svc_training.tables.gate import Gate, gate_of
from svc_training.tables.models import TableVersionRow
from svc_training.tables.repository import TableVersionRepository

Settled = Callable[[WriteUnit, TableVersionRow, Gate], None]
"""Called, in the transaction of the event, whenever all suites of a version have answered."""

_LOOKED_BACK = 10


class Tables:
    """Table versions, their parts and their verdicts.

    Args:
        settled: told of each version that has its verdicts, and again when one changes.
    """

    def __init__(self, *, settled: Settled) -> None:
        self._settled = settled

    def on_table_published(self, unit: WriteUnit, event: Event, table: TablePublished) -> None:
        """`table.published`: the version can be trained on once the gate lets it."""
        if not table.parts:
            return  # from before the event named them
        TableVersionRepository(unit).hold_gate(table.table_version_id, tenant=event.tenant)
        TableVersionRepository(unit).add(
            TableVersionRow(
                id=table.table_version_id,
                tenant=event.tenant,
                dataset_name=table.dataset_name,
                version_id=table.version_id,
                version_number=table.version_number,
                file_id=table.file_id,
                table_id=table.table_id,
                table_name=table.table_name,
                flow_id=event.flow_id,
                rows=table.rows,
                parts=table.parts,
                columns=table.columns,
                bytes_in=table.bytes_in,
                bytes_out=table.bytes_out,
                quarantined_rows=table.quarantined_rows,
                plan=table.plan.model_dump(mode="json") if table.plan else None,
                created_at=event.occurred_at,
            )
        )
        self._look(unit, table.table_version_id)

    def on_judgements_requested(
        self, unit: WriteUnit, event: Event, asked: JudgementsRequested
    ) -> None:
        """`judgements.requested`: these suites, if any, will say whether it may be used."""
        tables = TableVersionRepository(unit)
        tables.hold_gate(asked.table_version_id, tenant=event.tenant, asked=True)
        for each in asked.judgements:
            tables.keep_verdict(
                {
                    "id": each.judgement_id,
                    "tenant": event.tenant,
                    "table_version_id": asked.table_version_id,
                    "suite_name": each.suite_name,
                    "revision": 1,
                    "verdict": None,
                    "reasons": [],
                }
            )
        self._look(unit, asked.table_version_id)

    def on_quality_judged(self, unit: WriteUnit, event: Event, judged: QualityJudged) -> None:
        """`quality.judged`: a verdict, or a person's override of one."""
        TableVersionRepository(unit).hold_gate(judged.table_version_id, tenant=event.tenant)
        TableVersionRepository(unit).keep_verdict(
            {
                "id": judged.judgement_id,
                "tenant": event.tenant,
                "table_version_id": judged.table_version_id,
                "suite_name": judged.suite_name,
                "revision": judged.revision,
                "verdict": judged.verdict.value,
                "reasons": judged.reasons,
            }
        )
        self._look(unit, judged.table_version_id)

    def _look(self, unit: WriteUnit, table_version_id: str) -> None:
        tables = TableVersionRepository(unit)
        held = tables.lock_gate(table_version_id)
        version = tables.get(table_version_id)
        if held is None or version is None:
            return
        gate = read_gate(unit, version)
        if gate.settled and gate.revision > held.decided_revision:
            held.decided_revision = gate.revision
            self._settled(unit, version, gate)


def read_gate(view: ReadView, version: TableVersionRow) -> Gate:
    """What the gate says of a version now."""
    tables = TableVersionRepository(view)
    return gate_of(tables.verdicts(version.id), asked=tables.asked(version.id))


def find_judged(
    view: ReadView, dataset: str, *, tenant: str, table: str | None
) -> list[TableVersionRow]:
    """The newest version of each table of a dataset that all its suites have judged.

    One whose suites are being asked again is passed over for the one before it.
    """
    tables, found = TableVersionRepository(view), []
    for table_id in tables.tables_of(dataset, tenant=tenant, table=table):
        newest = tables.decided_upon(table_id, limit=_LOOKED_BACK)
        found += [row for row in newest if read_gate(view, row).settled][:1]
    return found


def find_usable(view: ReadView, table_version_id: str, *, tenant: str) -> TableVersionRow:
    """A version that may be trained on.

    Raises:
        TableVersionNotFoundError: no such table version in this tenant.
        NotJudgedError: no suite has judged it, or not all have yet.
        RefusedByGateError: it failed the gate.
    """
    version = TableVersionRepository(view).find(table_version_id, tenant=tenant)
    if version is None:
        raise TableVersionNotFoundError(f"There is no table version {table_version_id}.")
    gate = read_gate(view, version)
    if gate.verdict is None:
        raise NotJudgedError(
            f"{version.dataset_name} v{version.version_number} is not judged. Bind a suite to the "
            "dataset (`fleet suite push`, or `fleet suite infer`) and wait for its verdict."
        )
    if gate.verdict == "failed":
        raise RefusedByGateError(
            f"{version.dataset_name} v{version.version_number} failed the gate: "
            f"{' '.join(gate.reasons[:3])} Land a better version, or override the judgement."
        )
    return version
