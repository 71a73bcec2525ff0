"""The job that makes a suite of a good table. Runs in a child process: it loads polars."""

from shared_lib.jobs import JobContext
from shared_lib.jobs.fetching import fetch_parts
from svc_quality.checks.table import Table
from svc_quality.judgements.service import Judgements
from svc_quality.suites.inference import infer_suite
from svc_quality.suites.service import Suites
from svc_quality.tables.repository import TableVersionRepository


def run(context: JobContext) -> None:
    """Infer, and keep the suite with this version as its reference."""
    params = context.job.params
    with context.runtime.database.read() as view:
        version = TableVersionRepository(view).get(params["table_version"])
    if version is None:
        return
    table = Table.scan(fetch_parts(context, version.parts, name="table"))
    suite = infer_suite(table, name=params["name"], label=params["label"])
    context.log(f"{len(suite.checks)} checks of {table.rows} rows")
    context.start_publishing()
    judgements = Judgements(context.runtime)
    suites = Suites(context.runtime, judgements=judgements)
    with context.publish({"dataset": params["dataset"], "suite": params["name"]}) as unit:
        if params.get("planned"):
            suites.keep_planned(unit, suite=suite, version=version)
            judgements.judge_by_all(unit, version)
        else:
            suites.keep(
                unit,
                tenant=context.job.tenant,
                dataset=params["dataset"],
                table=None,
                suite=suite,
                reference=version,
            )
