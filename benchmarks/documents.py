"""Documents to text: CPU time and word recall against kreuzberg and markitdown, format by format.

    python benchmarks/documents.py [--peers PYTHON] [--folder FOLDER] [--rounds 3]

PYTHON has the peers installed; without it only ours is measured. The documents are made of the
texts of the installed distributions by python-docx, python-pptx, openpyxl, reportlab and the
standard library, so what each one says is known: recall is the share of its words that come back.
Each round reads a format in a fresh process that has warmed up on one document; what is compared
is the median of the rounds. FOLDER has real documents: its PDF and sixty of its HTML pages take the
place of made ones, and what they say is what pypdf and the standard library's HTML parser read in
them. Our time is without chunking, and without the child's own start.
"""

import argparse
import html
import io
import json
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Collection
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path

import docx
import openpyxl
import pptx
from pypdf import PdfReader
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

LINES = 400
FEWEST_LINES = 40
COUNTS = {"pdf": 20, "docx": 20, "pptx": 10, "xlsx": 10, "eml": 20, "html": 40}

MEASURE = """
import json, re, sys, time
from collections import Counter
from pathlib import Path
folder = Path(sys.argv[1])
paths = sorted(each for each in folder.iterdir() if each.suffix != ".said")
{engine}
read(paths[0])
begun = time.process_time()
texts = [read(path) for path in paths]
spent = time.process_time() - begun
word = re.compile(r"\\w+")
wanted = kept = 0
for path, text in zip(paths, texts):
    said = Counter(word.findall(path.with_suffix(path.suffix + ".said").read_text("utf-8")))
    wanted += said.total()
    kept += (said & Counter(word.findall(text))).total()
print(json.dumps({{"cpu_s": spent, "recall": kept / wanted}}))
"""
OURS = """
from svc_knowledgebase.documents.blocks import DocumentLimits, TableOptions
from svc_knowledgebase.documents.parse import parse_document
limits, tables = DocumentLimits(), TableOptions()
def read(path):
    _, document = parse_document(path.name, path.read_bytes(), limits=limits, tables=tables)
    return "\\n".join(block.text for block in document.blocks)
"""
KREUZBERG = """
from kreuzberg import ExtractionConfig, extract_file_sync
config = ExtractionConfig(use_cache=False, enable_quality_processing=False)
def read(path):
    return extract_file_sync(str(path), config=config).content
"""
MARKITDOWN = """
from markitdown import MarkItDown
engine = MarkItDown()
def read(path):
    # It escapes signs of Markdown, which is no loss.
    return engine.convert(str(path)).text_content.replace("\\\\", "")
"""


def texts() -> list[list[str]]:
    """Lines of the longer texts of the installed distributions."""
    found = []
    for path in sorted(Path(sysconfig.get_path("purelib")).rglob("*.txt")):
        text = path.read_bytes().decode("latin-1")
        lines = [line.strip() for line in text.split("\n") if line.strip().isprintable()]
        lines = [line for line in lines if line][:LINES]
        if len(lines) >= FEWEST_LINES:
            found.append(lines)
    return found


def pdf(lines: list[str], path: Path) -> None:
    """Fifty lines a page."""
    canvas = Canvas(str(path), pagesize=A4)
    for start in range(0, len(lines), 50):
        for number, line in enumerate(lines[start : start + 50]):
            canvas.drawString(30, 800 - 15 * number, line)
        canvas.showPage()
    canvas.save()


def word(lines: list[str], path: Path) -> None:
    """A heading each twenty paragraphs."""
    document = docx.Document()
    for number, line in enumerate(lines):
        if number % 20:
            document.add_paragraph(line)
        else:
            document.add_heading(line, 1)
    document.save(str(path))


def slides(lines: list[str], path: Path) -> None:
    """Ten lines a slide."""
    show = pptx.Presentation()
    for start in range(0, len(lines), 10):
        slide = show.slides.add_slide(show.slide_layouts[1])
        slide.shapes.title.text = lines[start]
        slide.placeholders[1].text = "\n".join(lines[start + 1 : start + 10])
    show.save(str(path))


def workbook(lines: list[str], path: Path) -> None:
    """A line a row."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for line in lines:
        sheet.append([line.lstrip("=")])
    book.save(str(path))


def mail(lines: list[str], path: Path) -> None:
    """A plain message."""
    message = EmailMessage()
    message["Subject"] = lines[0]
    message.set_content("\n".join(lines))
    path.write_bytes(bytes(message))


def page(lines: list[str], path: Path) -> None:
    """Paragraphs below headings, with navigation and a script."""
    body = "".join(
        f"<h2>{html.escape(line)}</h2>" if number % 20 == 0 else f"<p>{html.escape(line)}</p>"
        for number, line in enumerate(lines)
    )
    head = "<title>t</title><style>p{margin:0}</style><script>let x = 1 < 2</script>"
    path.write_text(f"<!doctype html><html><head>{head}</head><body>{body}</body></html>", "utf-8")


MAKERS: dict[str, Callable[[list[str], Path], None]] = {
    "pdf": pdf, "docx": word, "pptx": slides, "xlsx": workbook, "eml": mail, "html": page,
}  # fmt: skip


class Words(HTMLParser):
    """All text of a page but scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - as it is called
        """Scripts, styles and the head say nothing that is read."""
        self.silent += tag in ("script", "style", "head")

    def handle_endtag(self, tag: str) -> None:
        """The end of such a one."""
        self.silent -= tag in ("script", "style", "head")

    def handle_data(self, data: str) -> None:
        """A piece of text."""
        if not self.silent:
            self.texts.append(data)


def read_otherwise(path: Path) -> str:
    """What a real document says, by a parser that is none of those compared."""
    if path.suffix == ".pdf":
        return "\n".join(page.extract_text() for page in PdfReader(path).pages)
    words = Words()
    words.feed(path.read_text("utf-8", "replace"))
    return " ".join(words.texts)


def take(folder: Path, root: Path) -> set[str]:
    """Copy real documents; which formats there are."""
    found = set()
    for kind, most in (("pdf", 20), ("html", 60)):
        paths = sorted(folder.rglob(f"*.{kind}"))
        for number, path in enumerate(paths[:: max(len(paths) // most, 1)][:most]):
            (root / kind).mkdir(exist_ok=True)
            target = root / kind / f"{number:03}.{kind}"
            shutil.copyfile(path, target)
            target.with_suffix(f".{kind}.said").write_text(read_otherwise(path), "utf-8")
            found.add(kind)
    return found


def make(root: Path, *, there: Collection[str] = ()) -> None:
    """Every format that is not there in a folder of its own, beside each document what it says."""
    available = texts()
    for kind, count in COUNTS.items():
        if kind in there:
            continue
        (root / kind).mkdir()
        for number in range(count):
            lines = available[number % len(available)]
            path = root / kind / f"{number:03}.{kind}"
            MAKERS[kind](lines, path)
            said = [line.lstrip("=") for line in lines] if kind == "xlsx" else lines
            path.with_suffix(f".{kind}.said").write_text("\n".join(said), "utf-8")


def measure(python: str, engine: str, folder: Path, *, rounds: int) -> dict[str, float] | None:
    """CPU seconds (median) and recall; None when the engine fails."""
    program, found = MEASURE.format(engine=engine), []
    for _ in range(rounds):
        ended = subprocess.run(
            [python, "-c", program, str(folder)], capture_output=True, text=True, check=False
        )
        if ended.returncode:
            print(f"    {ended.stderr.strip().splitlines()[-1:]}")
            return None
        found.append(json.loads(ended.stdout.splitlines()[-1]))
    return {
        "cpu_s": statistics.median(each["cpu_s"] for each in found),
        "recall": min(each["recall"] for each in found),
    }


def main() -> None:
    """Print a table, and the totals by engine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", help="a Python with kreuzberg and markitdown installed")
    parser.add_argument("--folder", type=Path, help="real documents")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    engines = {"ours": (sys.executable, OURS)}
    if options.peers:
        engines |= {
            "kreuzberg": (options.peers, KREUZBERG),
            "markitdown": (options.peers, MARKITDOWN),
        }
    totals = dict.fromkeys(engines, 0.0)
    with tempfile.TemporaryDirectory(prefix="fleet-documents-") as name:
        root = Path(name)
        make(root, there=take(options.folder, root) if options.folder else ())
        for kind in COUNTS:
            count = len(list((root / kind).glob(f"*.{kind}")))
            out = io.StringIO()
            for engine, (python, code) in engines.items():
                found = measure(python, code, root / kind, rounds=options.rounds)
                if found is None:
                    out.write(f"  {engine} failed")
                    continue
                totals[engine] += found["cpu_s"]
                out.write(f"  {engine} {found['cpu_s']:.3f} s, recall {found['recall']:.4f}")
            print(f"{kind:5} {count:3} documents{out.getvalue()}")
    for engine, total in totals.items():
        print(f"{engine:10} {total:7.3f} CPU s  {total / totals['ours']:5.1f} \u00d7 ours")


if __name__ == "__main__":
    main()
