"""`fleet check`: judge a file by a suite on this machine, without a server."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from shared_lib.console import Column, Command, CommandError, ExitCode, Output, pass_output
from shared_lib.console.states import color_of, show_state

if TYPE_CHECKING:
    from shared_lib.contracts.quality import CheckResult, QualityReport
    from svc_quality.checks.table import Table

# Of whichever distribution converts; the services do not know one another.
_CONVERT = (
    "from importlib.metadata import entry_points; "
    "entry_points(group='datafleet.commands')['convert'].load()()"
)
_FIELDS = ("suite", "verdict", "reasons", "rows", "columns", "results", "judged_at")
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(name="check", cls=Command, fields=_FIELDS)
@click.argument("file", type=_FILE)
@click.option("--suite", "suite_file", type=_FILE, help="YAML or JSON with what must hold.")
@click.option("--reference", type=_FILE, help="An earlier file, which drift is measured against.")
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write the report with its pictures there.",
)
@click.option(
    "--data", envvar="FLEET_DATA", default="data", show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="For `text_drift`: where the environment `ml` is, or is installed.",
)  # fmt: skip
@click.option("--infer", is_flag=True, help="Print a suite that FILE passes, as a beginning.")
@pass_output
def command(
    output: Output,
    *,
    file: Path,
    suite_file: Path | None,
    reference: Path | None,
    html: Path | None,
    data: Path,
    infer: bool,
) -> None:
    """Judge a file by a suite, without a server.

    FILE is Parquet, or whatever `fleet convert` reads. Exits with 3 when the gate fails.
    """
    if infer == (suite_file is not None):
        raise click.UsageError("give --suite FILE, or --infer to make one of a good file.")
    with _table_of(file) as table:
        if infer:
            from shared_lib.console.suite_files import write_suite  # noqa: PLC0415 - polars, when called
            from svc_quality.suites.inference import infer_suite  # noqa: PLC0415 - as above

            output.data(write_suite(infer_suite(table, name=file.stem)).rstrip())
            return
        assert suite_file is not None  # noqa: S101 - refused above
        report = _judge(output, table, suite_file=suite_file, reference=reference, data=data)
    _tell(output, report)
    if html is not None:
        from svc_quality.reports.html import render_report  # noqa: PLC0415 - jinja2, when called

        html.write_text(render_report(report, title=file.name), encoding="utf-8")
        output.say(f"report: {html}")
    if report.verdict == "failed":
        raise click.exceptions.Exit(ExitCode.GATE_FAILED)


def _judge(
    output: Output, table: "Table", *, suite_file: Path, reference: Path | None, data: Path
) -> "QualityReport":
    from shared_lib.console.suite_files import read_suite  # noqa: PLC0415 - as above
    from svc_quality.checks.engine import judge  # noqa: PLC0415 - polars and scipy, when called
    from svc_quality.drift.embedding import TextEmbedder  # noqa: PLC0415 - numpy, when called
    from svc_quality.settings import QualitySettings  # noqa: PLC0415 - as above

    suite = read_suite(suite_file.read_text(encoding="utf-8"))
    with ExitStack() as stack:
        before = stack.enter_context(_table_of(reference)) if reference else None
        bar = stack.enter_context(output.progress("judging", unit="columns"))
        embedder = TextEmbedder(
            lambda: QualitySettings(mode="embedded", data=data),
            log=output.detail,
            progress=lambda _done, _total, _unit: None,
        )
        stack.callback(embedder.close)
        return judge(
            table,
            suite=suite,
            now=datetime.now(UTC),
            reference=before,
            progress=lambda done, total: bar.update(done=done, total=total),
            embed=embedder.embed,
        )


@contextmanager
def _table_of(file: Path) -> Iterator["Table"]:
    """The file as a table; what is not Parquet is converted beside it first."""
    from svc_quality.checks.table import Table  # noqa: PLC0415 - polars, when called

    with file.open("rb") as opened:
        if opened.read(4) == b"PAR1":
            yield Table.scan([file])
            return
    with tempfile.TemporaryDirectory(prefix="fleet-check-") as folder:
        yield Table.scan(_convert(file, Path(folder)))


def _convert(file: Path, folder: Path) -> list[Path]:
    ended = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", _CONVERT, str(file), "--to", str(folder), "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    if not ended.stdout.strip():
        raise CommandError(
            f"{file} is not Parquet, and `fleet convert` is not installed here.",
            hint="pip install datafleet-svc-parquet, or give a Parquet file",
        )
    answer = json.loads(ended.stdout.splitlines()[-1])
    if not answer["ok"]:
        raise CommandError(f"{file}: {answer['error']['detail']}")
    return [Path(name) for name in answer["outputs"] if name.endswith(".parquet")]


def _tell(output: Output, report: "QualityReport") -> None:
    if output.as_json:
        output.record(report)
    else:
        output.table(report.results, columns=_columns())
    for each in report.results:
        if each.remedy:
            output.say(f"{each.id}: {each.remedy}")
    passed = sum(each.status == "passed" for each in report.results)
    output.say(f"{show_state(report.verdict)}: {passed} of {len(report.results)} checks passed")


def _columns() -> "tuple[Column[CheckResult], ...]":
    return (
        Column(
            "result",
            lambda row: row.status.value,
            show=show_state,
            style=lambda row: color_of(row.status),
            whole=True,
        ),
        Column("check", lambda row: row.id, whole=True),
        Column("found", lambda row: row.message),
    )
