"""Results in a notebook: short, whole, and harmless."""

import re

from datafleet.models import Dataset, Flow, Preview, Profile, Table
from datafleet.notebooks import LARGEST_BYTES
from shared_lib.contracts.base import utc_now
from shared_lib.contracts.catalog import FileView, FlowState, FlowStep, StepState, VersionView
from shared_lib.contracts.conversions import ColumnProfile, Decisions, HistogramBin, TableProfile
from shared_lib.contracts.tables import ColumnView, TableVersionView

EVIL = "<script>alert(1)</script>" + "&" * 500
NOW = utc_now()
COLUMNS = [ColumnView(name=EVIL, type="string", origin="inferred", reason=EVIL)] * 200


def version() -> VersionView:
    file = FileView(id="fi_1", path=EVIL, sha256="0" * 64, bytes=9, created_at=NOW)
    return VersionView(
        id="dv_1",
        dataset_id="ds_1",
        dataset_name="orders",
        number=3,
        flow_id="fl_1",
        files=[file] * 1000,
        bytes=9_000,
        created_at=NOW,
    )


def everything() -> list[Dataset | Flow | Table | Preview | Profile]:
    table_version = TableVersionView(
        id="tv_1",
        number=1,
        file_id="fi_1",
        dataset_version_id="dv_1",
        flow_id=None,
        rows=1000,
        bytes_in=100,
        bytes=50,
        quarantined_rows=0,
        columns=COLUMNS,
        created_at=NOW,
    )
    step = FlowStep(name="landed", state=StepState.SUCCEEDED, subject=EVIL, started_at=NOW)
    profile = ColumnProfile(
        name=EVIL,
        type="int64",
        nulls=1,
        distinct=2,
        distinct_exact=True,
        min=EVIL,
        histogram=[HistogramBin(low=0, high=1, count=n) for n in (1, 2)],
    )
    ids = {"table_id": "tb_1", "table_version_id": "tv_1"}
    return [
        Dataset(
            id="ds_1",
            name=EVIL,
            description=EVIL,
            versions=3,
            latest_version=version(),
            created_at=NOW,
        ),
        Flow(
            id="fl_1",
            dataset_id="ds_1",
            dataset_name=EVIL,
            version_id="dv_1",
            version_number=3,
            state=FlowState.RUNNING,
            created_at=NOW,
            steps=[step] * 1000,
        ),
        Table(
            id="tb_1",
            name=EVIL,
            dataset_id="ds_1",
            dataset_name="orders",
            versions=1,
            latest_version=table_version,
            created_at=NOW,
        ),
        Preview(**ids, columns=COLUMNS, rows=[[EVIL] * 200] * 100, total_rows=1000),
        Profile(
            **ids,
            profile=TableProfile(rows=1000, columns=[profile] * 200, sample_rows=1000),
            decisions=Decisions(
                format="csv",
                format_reason="",
                compression="none",
                encoding="utf-8",
                encoding_reason="",
            ),
        ),
    ]


def test_a_result_shows_itself_in_at_most_ten_kilobytes() -> None:
    for result in everything():
        html = result._repr_html_()
        assert len(html.encode()) <= LARGEST_BYTES, type(result)
        assert "<script" not in html
        assert "more</p>" in html
        for tag in ("div", "table", "tr", "td", "th"):
            assert len(re.findall(f"<{tag}[ >]", html)) == html.count(f"</{tag}>")


def test_a_result_is_one_line_elsewhere() -> None:
    for result in everything():
        assert repr(result).startswith(f"<{type(result).__name__} ")
        assert "\n" not in repr(result)


def test_what_has_no_version_yet_says_so() -> None:
    empty = Dataset(id="ds_1", name="a", description="", versions=0, created_at=NOW)

    assert "no version yet" in empty._repr_html_()
