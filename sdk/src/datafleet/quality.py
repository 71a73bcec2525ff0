"""Suites and judgements: what must hold of a table, and what was found."""

from collections.abc import Iterator
from pathlib import Path

from datafleet.addresses import address
from datafleet.downloads import Download, download
from datafleet.pages import read_items
from datafleet.transport import Transport
from shared_lib.contracts.quality import (
    JudgementCreate,
    JudgementView,
    OverrideCreate,
    QualityReport,
    ReferenceSet,
    SuiteCreate,
    SuiteInfer,
    SuiteInferred,
    SuiteView,
)
from shared_lib.contracts.suites import Suite

_SUITES = "/v1/suites"
_JUDGEMENTS = "/v1/judgements"


class Suites:
    """`/v1/suites`.

    Every method raises `FleetApiError` when the fleet answers with a problem and
    `UnreachableError` when nobody answers.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, *, dataset: str | None = None, limit: int | None = None) -> Iterator[SuiteView]:
        """Your suites, newest first."""
        params = {"dataset": dataset}
        return read_items(self._transport, _SUITES, item=SuiteView, params=params, limit=limit)

    def read(self, suite_id: str) -> SuiteView:
        """A suite in its newest version."""
        return self._transport.get(address(_SUITES, suite_id), answers=SuiteView)

    def put(
        self,
        suite: Suite,
        *,
        dataset: str,
        table: str | None = None,
        reference: str | None = None,
    ) -> SuiteView:
        """Make it the first or next version of the dataset's suite of that name.

        Args:
            suite: what must hold.
            dataset: its tables are judged from now on, the newest at once.
            table: judge this one of the dataset's tables alone.
            reference: the table version that drift is measured against; left out, the first that
                passes.
        """
        body = SuiteCreate(dataset=dataset, table=table, suite=suite, reference=reference)
        return self._transport.post(_SUITES, answers=SuiteView, body=body)

    def infer(
        self,
        dataset: str,
        *,
        name: str,
        table_version: str | None = None,
        label: str | None = None,
    ) -> str:
        """Make a suite of a good table version, the newest when none is given; the job's id."""
        body = SuiteInfer(dataset=dataset, name=name, table_version=table_version, label=label)
        answer = self._transport.post(f"{_SUITES}/infer", answers=SuiteInferred, body=body)
        return answer.job_id

    def set_reference(self, suite_id: str, *, table_version: str) -> SuiteView:
        """Measure drift against another version from now on."""
        path = address(_SUITES, suite_id, "reference")
        body = ReferenceSet(table_version=table_version)
        return self._transport.put(path, answers=SuiteView, body=body)


class Judgements:
    """`/v1/judgements`; errors as in `Suites`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(
        self, *, table_version: str | None = None, limit: int | None = None
    ) -> Iterator[JudgementView]:
        """Your judgements, newest first."""
        params = {"table_version": table_version}
        return read_items(
            self._transport, _JUDGEMENTS, item=JudgementView, params=params, limit=limit
        )

    def read(self, judgement_id: str) -> JudgementView:
        """A judgement: its verdict, its reasons, what would make it pass."""
        return self._transport.get(address(_JUDGEMENTS, judgement_id), answers=JudgementView)

    def create(self, *, table_version: str, suite: str) -> JudgementView:
        """Judge a table version by a suite, named by its id, once more."""
        body = JudgementCreate(table_version=table_version, suite=suite)
        return self._transport.post(_JUDGEMENTS, answers=JudgementView, body=body)

    def report(self, judgement_id: str) -> QualityReport:
        """Every check with its numbers."""
        path = address(_JUDGEMENTS, judgement_id, "report")
        return self._transport.get(path, answers=QualityReport)

    def download_report(self, judgement_id: str, *, to: Path | str) -> Download:
        """The report with its pictures, one HTML file.

        Raises:
            TransferDamagedError: the bytes do not have their digest.
            OSError: the file cannot be written.
        """
        path = address(_JUDGEMENTS, judgement_id, "report")
        return download(self._transport, path, to=Path(to), params={"as": "html"})

    def override(
        self, judgement_id: str, *, reason: str, checks: tuple[str, ...] = ()
    ) -> JudgementView:
        """Accept what failed, all of it or these checks; kept with your name."""
        path = address(_JUDGEMENTS, judgement_id, "overrides")
        body = OverrideCreate(reason=reason, checks=list(checks))
        return self._transport.post(path, answers=JudgementView, body=body)
