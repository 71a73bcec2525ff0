"""What is generated from the code is committed as the code has it now."""

import subprocess
import sys

from house import ROOT


def test_generated_pages_are_those_of_the_code() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "generate_docs.py"), "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
