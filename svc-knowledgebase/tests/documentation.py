"""A real tree of documentation, from packages that anybody can install.

    python svc-knowledgebase/tests/documentation.py FOLDER

On Debian and its relatives the documentation packages are fetched by `apt-get download`, which
needs no root, and unpacked by `dpkg-deb`; source distributions come from PyPI by pip. The long
test of real trees reads FOLDER when `FLEET_DOCUMENTATION` names it.
"""

import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

DEBIAN = ("debian-policy", "debian-faq", "developers-reference", "git-doc", "apt-doc")
PYPI = ("sphinx==8.2.3", "docutils==0.21.2", "click==8.1.8", "markdown==3.7")


def main(folder: Path) -> None:
    """Fetch, unpack, and say how many files there are."""
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="fleet-documentation-") as name:
        fetched = Path(name)
        if shutil.which("apt-get") and shutil.which("dpkg-deb"):
            subprocess.run(["apt-get", "download", *DEBIAN], cwd=fetched, check=True)
            for package in sorted(fetched.glob("*.deb")):
                target = folder / "debian" / package.name.partition("_")[0]
                target.mkdir(parents=True)
                subprocess.run(["dpkg-deb", "-x", package, target], check=True)
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", ":all:",
             "--dest", fetched, *PYPI],
            check=True,
        )  # fmt: skip
        for archive in sorted(fetched.glob("*.tar.gz")):
            with tarfile.open(archive) as opened:
                opened.extractall(folder / "pypi", filter="data")
    files = [path for path in folder.rglob("*") if path.is_file()]
    sys.stdout.write(f"{len(files)} files in {folder}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
