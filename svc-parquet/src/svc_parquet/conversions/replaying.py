"""The file of a conversion that replays others: corrections on corrections, oldest first."""

from dataclasses import dataclass
from pathlib import Path

from shared_lib.contracts.conversions import ConversionOptions, ConversionReport
from shared_lib.jobs import JobContext
from svc_parquet.conversions.corrections import read_quarantined, write_corrected
from svc_parquet.conversions.errors import ConversionError, UnsupportedFormatError
from svc_parquet.conversions.repository import ConversionRepository
from svc_parquet.conversions.sniffing import is_single_byte
from svc_parquet.tables.objects import QUARANTINE
from svc_parquet.tables.repository import TableVersionRepository
from svc_parquet.tables.service import Tables

_BY_BYTES = {"csv", "tsv", "jsonl", "json"}
"""Formats whose quarantined rows lie in the file as they are."""


@dataclass(frozen=True)
class _Step:
    """Corrections of the rows that a conversion had set aside."""

    corrections: dict[int, str]
    quarantine_key: str
    report: ConversionReport


def corrected_file(context: JobContext, source: Path, *, conversion_id: str) -> Path:
    """The source with all corrections that lead to a conversion, under its own name.

    Raises:
        ConversionError: the rows of this file cannot be put back, or one is not in the quarantine.
    """
    for number, step in enumerate(_steps(context, conversion_id)):
        decided = step.report.decisions
        if decided.format not in _BY_BYTES or _is_recoded(decided.encoding):
            raise UnsupportedFormatError(
                f"Rows of {decided.format} in {decided.encoding} cannot be put back by their "
                "bytes. Repair the file itself and send it again."
            )
        target = context.scratch / f"corrected-{number}" / source.name
        target.parent.mkdir()
        content = b"".join(context.runtime.store.open(step.quarantine_key))
        write_corrected(
            source,
            target,
            quarantined=read_quarantined(content.splitlines()),
            corrections=step.corrections,
            options=ConversionOptions(),
            encoding=decided.encoding,
        )
        source = target
    return source


def _is_recoded(encoding: str) -> bool:
    """Whether places count in UTF-8 and not in the bytes of the file."""
    return encoding != "utf-8" and not is_single_byte(encoding)


def _steps(context: JobContext, conversion_id: str) -> list[_Step]:
    steps: list[_Step] = []
    tables = Tables(context.runtime)
    with context.runtime.database.read() as view:
        conversions, versions = ConversionRepository(view), TableVersionRepository(view)
        row = conversions.get(conversion_id)
        while row is not None and row.replays is not None:
            base = conversions.get(row.replays)
            published = base.table_version_id if base else None
            version = versions.find(published, tenant=row.tenant) if published else None
            stored = versions.objects(version.id, role=QUARANTINE) if version else []
            if version is None or not stored:
                raise ConversionError(
                    "The quarantine that is put right is gone. Repair the file and send it again."
                )
            steps.append(
                _Step(
                    {each["byte"]: each["text"] for each in row.corrections or []},
                    stored[0].object_key,
                    tables.report(view, version=version),
                )
            )
            row = base
    return steps[::-1]
