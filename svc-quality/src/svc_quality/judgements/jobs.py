"""The job that judges a table version. Runs in a child process: it loads polars and scipy."""

from contextlib import closing
from pathlib import Path

from shared_lib.contracts.base import utc_now
from shared_lib.contracts.quality import QualityReport
from shared_lib.contracts.suites import Suite
from shared_lib.environments import Environments
from shared_lib.faults import crash_point
from shared_lib.jobs import JobContext
from shared_lib.jobs.fetching import fetch_parts
from shared_lib.storage import StoredObject
from shared_lib.storage.keys import report_key
from svc_quality.checks.engine import judge
from svc_quality.checks.table import Table
from svc_quality.deepchecks.suites import DeepchecksSuites
from svc_quality.drift.embedding import TextEmbedder
from svc_quality.judgements.repository import JudgementRepository
from svc_quality.judgements.service import Judgements
from svc_quality.reports.html import render_report
from svc_quality.settings import QualitySettings
from svc_quality.suites.repository import SuiteRepository
from svc_quality.tables.repository import TableVersionRepository


def run(context: JobContext) -> None:
    """Judge, put the reports under keys of this try, and publish in one transaction."""
    judgement_id = context.job.params["judgement_id"]
    with context.runtime.database.read() as view:
        row = JudgementRepository(view).get(judgement_id)
        version = TableVersionRepository(view).get(row.table_version_id) if row else None
        if row is None or version is None:
            return
        suite = Suite.model_validate(
            SuiteRepository(view).version(row.suite_id, row.suite_version).suite
        )
        # The first version of a table is compared with itself: it has no other.
        reference = TableVersionRepository(view).get(row.reference_id or version.id)
        parts, earlier = version.parts, reference.parts if reference else version.parts
        title = f"{version.table_name} v{version.version_number}"
    table = Table.scan(fetch_parts(context, parts, name="table"))
    deepchecks = _deepchecks(context)
    with closing(_embedder(context)) as embedder:
        report = judge(
            table,
            suite=suite,
            now=utc_now(),
            reference=Table.scan(fetch_parts(context, earlier, name="reference")),
            progress=lambda done, total: context.progress(done, total, unit="columns"),
            deepchecks=deepchecks,
            embed=embedder.embed,
        )
    _tell(context, report)
    context.start_publishing()
    forms: dict[str, bytes | Path] = {
        "json": report.model_dump_json(exclude_none=True).encode(),
        "html": render_report(report, title=title).encode(),
        **{f"deepchecks-{name}": path for name, path in deepchecks.reports().items()},
    }
    objects = _store(context, forms, judgement_id=judgement_id)
    with context.publish({"judgement_id": judgement_id, "verdict": report.verdict.value}) as unit:
        Judgements(context.runtime).publish(
            unit, judgement_id=judgement_id, report=report, objects=objects
        )


def _deepchecks(context: JobContext) -> DeepchecksSuites:
    return DeepchecksSuites(
        Environments(context.runtime.settings.environments_folder),
        folder=context.scratch / "deepchecks",
        log=context.log,
        progress=lambda done: context.progress(done, unit="bytes"),
    )


def _embedder(context: JobContext) -> TextEmbedder:
    settings = context.runtime.settings
    assert isinstance(settings, QualitySettings)  # noqa: S101 - whose job it is
    return TextEmbedder(
        lambda: settings,
        log=context.log,
        progress=lambda done, total, unit: context.progress(done, total, unit=unit),
    )


def _tell(context: JobContext, report: QualityReport) -> None:
    context.log(f"{report.verdict.value}: {len(report.results)} checks of {report.rows} rows")
    for reason in report.reasons:
        context.log(reason, level="warning")


def _store(
    context: JobContext, forms: dict[str, bytes | Path], *, judgement_id: str
) -> dict[str, StoredObject]:
    """Each form of the report; nobody sees them before they are named."""
    stored, store = {}, context.runtime.store
    for form, content in forms.items():
        key = report_key(context.job.tenant, judgement_id, context.job.writer, form)
        if isinstance(content, Path):
            stored[form] = store.put_file(key, content)
        else:
            stored[form] = store.put(key, [content])
        crash_point("quality.judge.object_put")
    return stored
