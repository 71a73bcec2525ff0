"""`python -m shared_lib.embeddings.install FOLDER`: the environment `ml`, for an image."""

import sys
from pathlib import Path

from shared_lib.embeddings.local import ml_requirements
from shared_lib.environments import Environments


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    Environments(Path(sys.argv[1])).ensure(ml_requirements(), log=_say, compiled=False)
