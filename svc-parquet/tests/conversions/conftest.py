import sys
from pathlib import Path

import pytest

from shared_lib.contracts.conversions import ConversionOptions, ConversionReport
from svc_parquet.conversions.convert import convert

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
