"""A child that is forked from the warm process finds DVC loaded."""

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import os, sys
import svc_training.training_jobs.jobs, svc_training.workspaces.warm
import dvc.repo.reproduce, dvc.commands.repro
from dvc.cli import main
main(["init", "--no-scm", "--quiet"])
before = set(sys.modules)
assert main(["repro", "--quiet", "dvc.yaml"]) == 0
print(*sorted(set(sys.modules) - before), sep="\\n")
"""


def test_next_to_nothing_is_left_to_be_imported(tmp_path: Path) -> None:
    (tmp_path / "dvc.yaml").write_text("stages: {one: {cmd: echo 1 > one, outs: [one]}}")
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    left = ended.stdout.split()
    assert len(left) < 10, left
