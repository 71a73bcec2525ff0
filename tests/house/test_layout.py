"""The house is as docs and Makefile say: what is promised is there, and is kept everywhere."""

import ast
import re
import subprocess
import sys
import tomllib
from collections import Counter
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from house import ROOT, Distribution, read_distributions, repository_files

DISTRIBUTIONS = read_distributions()
LIBRARIES_OF_JOBS = (
    *("polars", "pyarrow", "duckdb", "scipy", "sklearn", "torch", "vl_convert"),
    *("fastavro", "python_calamine", "selectolax", "pdfplumber", "pypdfium2"),
    *("pyoxigraph", "tantivy", "rensa", "fasttext"),
)

each_distribution = pytest.mark.parametrize(
    "distribution", DISTRIBUTIONS, ids=[each.folder for each in DISTRIBUTIONS]
)


def sources() -> list[Path]:
    return [path for path in repository_files() if path.suffix == ".py" and "src" in path.parts]


@each_distribution
def test_a_distribution_has_what_each_one_has(distribution: Distribution) -> None:
    folder = ROOT / distribution.folder
    wanted = ["README.md", f"src/{distribution.package}/py.typed"]
    if distribution.is_service:
        wanted += ["openapi.json", f"src/{distribution.package}/main.py"]

    assert [name for name in wanted if not (folder / name).is_file()] == []


@each_distribution
def test_a_distribution_is_named_after_its_folder_and_stays_private(
    distribution: Distribution,
) -> None:
    text = (ROOT / distribution.folder / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]

    assert project["name"] == f"datafleet-{Path(distribution.folder).name}"
    assert "Private :: Do Not Upload" in project["classifiers"]
    assert project["license"] == "Apache-2.0"
    assert project["requires-python"] == ">=3.11,<3.14"


@each_distribution
def test_a_distribution_needs_only_what_it_may(distribution: Distribution) -> None:
    allowed = {"datafleet-shared-lib"}
    if distribution.folder == "shared-lib":
        allowed = set()
    if distribution.folder == "deploy/embedded":
        allowed = {each.name for each in DISTRIBUTIONS}

    assert distribution.needs <= allowed


def test_every_package_folder_is_a_package() -> None:
    """mypy passes over a folder without `__init__.py`, and so would check less than it seems."""
    folders = {path.parent for path in sources()}

    assert [
        str(each) for each in sorted(folders) if not (ROOT / each / "__init__.py").exists()
    ] == []


def test_revisions_follow_one_another_and_their_files_say_which_they_are() -> None:
    """At a start the newest revision is told from the files' names alone."""
    for folder in {path.parent for path in sources() if path.parent.name == "versions"}:
        before = None
        for path in sorted((ROOT / folder).glob("[0-9]*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            said = {
                target.id: ast.literal_eval(node.value)
                for node in tree.body
                if isinstance(node, ast.Assign)
                for target in node.targets
                if isinstance(target, ast.Name) and target.id.endswith("revision")
            }
            assert said == {"revision": path.name[:4], "down_revision": before}, path
            before = path.name[:4]


@pytest.mark.parametrize(
    "path", sorted((ROOT / "docs" / "decisions").glob("*.md")), ids=lambda p: p.name
)
def test_a_decision_is_short_and_whole(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", path.name)
    assert len(text.splitlines()) <= 60
    for heading in ("Context", "Decision", "Consequences", "Alternatives"):
        assert re.search(rf"^## {heading}$", text, re.MULTILINE), f"no heading {heading!r}"


def test_decisions_are_numbered_without_gap_or_double() -> None:
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs" / "decisions").glob("[0-9]*.md"))

    assert numbers == list(range(1, len(numbers) + 1))


def test_help_lists_every_target() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    internal = {"elsewhere"}
    targets = set(re.findall(r"^\.PHONY: (\S+)$", text, re.MULTILINE)) - internal
    shown = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    listed = set(re.findall(r"^  make (\S+) +\S", shown, re.MULTILINE))

    assert {"help", "run", "test", "test-long", "lint", "bench", "pins", "docs"} <= targets
    assert listed == targets


@pytest.mark.parametrize(
    "path", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda p: p.name
)
def test_pins_carry_hashes_and_name_no_index(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    pinned = re.findall(r"^[a-z0-9][^\s]*==.*\\$", text, re.MULTILINE)

    assert pinned
    assert not re.search(r"index-url|find-links|://|^-e|^\.", text, re.MULTILINE)
    for block in re.split(r"\n(?=[a-z0-9])", text.partition("make pins\n")[2]):
        assert "--hash=sha256:" in block, f"no hash: {block.splitlines()[0]}"


def test_commands_are_found_without_being_imported() -> None:
    """`fleet --help` reads names; a module, and all it imports, comes when it is called."""
    found = {point.name: point.value for point in entry_points(group="datafleet.commands")}
    declared: dict[str, str] = {}
    for each in DISTRIBUTIONS:
        text = (ROOT / each.folder / "pyproject.toml").read_text(encoding="utf-8")
        points = tomllib.loads(text)["project"].get("entry-points", {})
        declared |= points.get("datafleet.commands", {})

    assert found == declared, "the installed entry points are old: run `make dev`"
    assert {"up", "convert"} <= set(declared)


@pytest.mark.parametrize("name", sorted(entry_points(group="datafleet.commands").names))
def test_a_command_can_be_loaded_and_stays_light(name: str) -> None:
    """Loading one command for its help must not load a table engine or a web framework."""
    program = (
        "import sys\n"
        "from importlib.metadata import entry_points\n"
        f"(point,) = entry_points(group='datafleet.commands', name={name!r})\n"
        "command = point.load()\n"
        "assert callable(command), command\n"
        f"heavy = set({LIBRARIES_OF_JOBS!r}) & set(sys.modules)\n"
        "sys.exit(f'loading the command imports {sorted(heavy)}' if heavy else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


def test_every_crash_point_has_a_name_of_its_own() -> None:
    """A test that stops the process at a named point must stop it at one place."""
    places: Counter[str] = Counter()
    for path in sources():
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(
                node.func, ast.Name | ast.Attribute
            ):
                continue
            called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            if called != "crash_point":
                continue
            (argument,) = node.args
            assert isinstance(argument, ast.Constant), f"{path}:{node.lineno}: name it literally"
            places[str(argument.value)] += 1

    assert [name for name, count in places.items() if count > 1] == []


def test_the_images_of_services_differ_in_names_and_in_what_they_say_is_theirs() -> None:
    services = [each for each in DISTRIBUTIONS if each.folder.startswith("svc-")]
    texts = {
        re.sub(
            r"# Only this one: .*?\n\n",
            "",
            (ROOT / each.folder / "Dockerfile").read_text(encoding="utf-8"),
            flags=re.DOTALL,
        )
        .replace(each.folder, "svc-name")
        .replace(each.package, "svc_name")
        for each in services
    }

    assert len(services) == 5
    assert len(texts) == 1
