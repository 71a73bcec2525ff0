import sys
from pathlib import Path

import pytest

from shared_lib.contracts.conversions import ConversionOptions, ConversionReport, FileReport
from svc_parquet.conversions.convert import convert, convert_file

sys.path.insert(0, str(Path(__file__).parent))  # tests share conversion_reference.py


@pytest.fixture
def run(tmp_path: Path) -> object:
    """Convert bytes: `run(b"a,b\\n1,2\\n", name="x.csv", delimiter=";")`."""
    counter = iter(range(1_000_000))

    def _run(
        data: bytes, *, name: str = "data.csv", **options: object
    ) -> tuple[ConversionReport, Path]:
        folder = tmp_path / str(next(counter))
        folder.mkdir()
        source = folder / name
        source.write_bytes(data)
        sink = folder / "sink"
        return convert(source, sink, options=ConversionOptions(**options)), sink

    return _run


@pytest.fixture
def run_file(tmp_path: Path) -> object:
    """Convert bytes that may hold several tables: `run_file(data, name="x.xlsx")`."""
    counter = iter(range(1_000_000))

    def _run(data: bytes, *, name: str, **options: object) -> tuple[FileReport, Path]:
        folder = tmp_path / f"file-{next(counter)}"
        folder.mkdir()
        source = folder / name
        source.write_bytes(data)
        sink = folder / "sink"
        return convert_file(source, sink, options=ConversionOptions(**options)), sink

    return _run
