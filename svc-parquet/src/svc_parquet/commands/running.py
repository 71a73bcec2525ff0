"""The work of `fleet convert`: file by file, each result under a path of its own."""

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from shared_lib.contracts.conversions import ConversionOptions, ConvertedTable, FileReport
from shared_lib.contracts.errors import FleetError
from svc_parquet.commands import telling
from svc_parquet.conversions.convert import convert_file
from svc_parquet.conversions.naming import name_parts, safe_path
from svc_parquet.conversions.readers.reader_process import ReaderProcess

Progress = Callable[[int, int], None]


class Run:
    """One call of the command: its options, its totals, and the paths that have been given."""

    def __init__(self, options: ConversionOptions, *, root: Path, as_json: bool) -> None:
        self._options, self._root = options, root
        self._as_json = as_json
        self._reader = ReaderProcess()
        self._given: set[str] = set()
        self.totals = telling.Totals()

    def convert(self, file: Path, stem: Path) -> bool:
        """Convert one file and say how it went; False when it, or a part of it, failed."""
        try:
            with _progress(file.name, quiet=self._as_json) as progress:
                report, outputs = self._run(file, stem, progress)
        except (FleetError, OSError) as error:
            telling.tell_failure(file, error, as_json=self._as_json)
            return False
        path = self._path(file)
        for made, paths in zip(report.tables, outputs, strict=True):
            telling.tell_success(file, made.report, paths, path=path, as_json=self._as_json)
            self.totals.add(made.report)
        for refused in report.not_converted:
            telling.tell_refused(file, refused, path=path, as_json=self._as_json)
        return all(telling.is_harmless(refused) for refused in report.not_converted)

    def _path(self, file: Path) -> str:
        return file.relative_to(self._root).as_posix()

    def _run(
        self, file: Path, stem: Path, progress: Progress
    ) -> tuple[FileReport, list[list[Path]]]:
        """Convert into a hidden folder beside the result, then give the files their places."""
        stem.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".converting-", dir=stem.parent) as folder:
            sink = Path(folder)
            report = convert_file(
                file,
                sink,
                options=self._options,
                progress=progress,
                reader=self._reader,
                path=self._path(file),
            )
            names = name_parts(
                [made.report.source for made in report.tables],
                file=stem.name,
                path=self._path(file),
            )
            outputs = [
                _place(made, sink / made.folder, self._free(stem.parent / safe_path(name)))
                for name, made in zip(names, report.tables, strict=True)
            ]
        return report, outputs

    def _free(self, stem: Path) -> Path:
        """The path, or one with a number when another table of this run has it already.

        Two names may end as one: `a/b.csv` and the sheet `b` of `a.xlsx`, or `x:y` and `x?y`.
        """
        wanted, number = stem, 2
        while str(wanted).casefold() in self._given:
            wanted, number = stem.with_name(f"{stem.name} ({number})"), number + 1
        self._given.add(str(wanted).casefold())
        return wanted

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._reader.close()


def _place(made: ConvertedTable, sink: Path, stem: Path) -> list[Path]:
    """Give the results of a table their places; the paths they have then."""
    report, outputs = made.report, []
    stem.parent.mkdir(parents=True, exist_ok=True)
    for part in report.parts:
        number = f".{part.name[5:10]}" if len(report.parts) > 1 else ""
        outputs.append(stem.with_name(f"{stem.name}{number}.parquet"))
        (sink / part.name).replace(outputs[-1])
    quarantine = stem.with_name(f"{stem.name}.quarantine.jsonl")
    quarantine.unlink(missing_ok=True)
    if report.quarantine.file:
        (sink / report.quarantine.file).replace(quarantine)
        outputs.append(quarantine)
    return outputs


@contextmanager
def _progress(name: str, *, quiet: bool) -> Iterator[Progress]:
    """A bar on a terminal's standard error, nothing elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.console import Console  # noqa: PLC0415 - imported when called
    from rich.progress import Progress as Bar  # noqa: PLC0415 - imported when called

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
