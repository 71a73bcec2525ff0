"""Write what is generated from the code: each service's openapi.json, docs/reference, deploy/nginx.

Usage: python scripts/generate_docs.py            writes what differs
       python scripts/generate_docs.py --check    writes nothing; fails when something differs

The pages: `errors.md` from every subclass of FleetError, `settings.md` from every service's
settings class, `commands.md` from the `fleet` command; and nginx's configuration from the gateway's
route table.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nginx
from house import ROOT, Distribution, read_distributions
from reference import render_commands, render_errors, render_settings

OPENAPI_PROGRAM = """
import json, sys
from {package}.main import app_factory

json.dump(app_factory().openapi(), sys.stdout)
"""


def openapi(distribution: Distribution) -> str:
    """The OpenAPI document of a service, as it is committed: keys in order, one newline at the end.

    The service is made in a process of its own, in embedded mode over an empty data folder, so
    that neither another service nor this machine's settings show in it.
    """
    with tempfile.TemporaryDirectory(prefix="fleet-docs-") as folder:
        settings = {name: text for name, text in os.environ.items() if name[:6] != "FLEET_"}
        settings |= {"FLEET_MODE": "embedded", "FLEET_DATA": folder}
        program = OPENAPI_PROGRAM.format(package=distribution.package)
        command = [sys.executable, "-c", program]
        answer = subprocess.run(
            command, env=settings, cwd=folder, stdout=subprocess.PIPE, check=True
        ).stdout
    return json.dumps(json.loads(answer), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def pages() -> Iterator[tuple[Path, str]]:
    """Every generated file, relative to the root, with the text it must have."""
    distributions = read_distributions()
    packages = [each.package for each in distributions]
    for each in distributions:
        if each.is_service:
            yield Path(each.folder) / "openapi.json", openapi(each)
    reference = Path("docs") / "reference"
    yield reference / "errors.md", render_errors(packages)
    yield reference / "settings.md", render_settings(packages)
    yield reference / "commands.md", render_commands()
    yield Path("deploy") / "nginx" / "nginx.conf", nginx.render()


def main(arguments: list[str]) -> int:
    """Write or, with ``--check``, compare every generated file."""
    if arguments not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    stale = []
    for path, text in pages():
        target = ROOT / path
        if target.is_file() and target.read_text(encoding="utf-8") == text:
            continue
        stale.append(path)
        if not arguments:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
            print(f"docs: wrote {path}")
    if arguments and stale:
        print(*(f"docs: {path} differs from the code: run `make docs`" for path in stale), sep="\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
