"""A bare mirror of the repository that holds the pipelines.

A plain folder becomes a repository too: its content is one commit whose author and date never
change, so that the same files have the same commit on every machine.
"""

import fcntl
import io
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from svc_training.workspaces.errors import PipelineNotFoundError, PipelineSourceError

TIMEOUT_S = 300.0
_SNAPSHOT = {
    "GIT_AUTHOR_NAME": "Datafleet",
    "GIT_AUTHOR_EMAIL": "pipelines@datafleet.invalid",
    "GIT_AUTHOR_DATE": "2000-01-01T00:00:00Z",
    "GIT_COMMITTER_NAME": "Datafleet",
    "GIT_COMMITTER_EMAIL": "pipelines@datafleet.invalid",
    "GIT_COMMITTER_DATE": "2000-01-01T00:00:00Z",
}

_ALONE = {
    # What a person has configured for themselves must change nothing here, nor may git ask them.
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


class Mirror:
    """The pipelines' repository on this machine.

    Args:
        folder: of the bare repository; made when missing.
        source: a git address, a git working folder, or a plain folder.
        ref: what to read of a git source.
    """

    def __init__(self, folder: Path, *, source: str, ref: str = "HEAD") -> None:
        self._folder = folder
        self._source = source
        self._ref = ref

    def refresh(self) -> str:
        """Fetch what is new.

        Returns:
            The commit that `ref` names now: 40 hexadecimal digits.

        Raises:
            PipelineSourceError: the source is away or is not what it should be.
        """
        with self._held():
            if self._is_git:
                self._git("fetch", "--quiet", "--no-tags", "--force", self._source, self._ref)
                return self._git("rev-parse", "FETCH_HEAD^{commit}").decode().strip()
            return self._snapshot()

    def has(self, commit: str) -> bool:
        """Whether the commit is here."""
        return self._run("cat-file", "-e", f"{commit}^{{commit}}").returncode == 0

    def read(self, commit: str, path: str) -> str | None:
        """A text file of a commit; None when it has no such file."""
        found = self._run("show", f"{commit}:{path}")
        return found.stdout.decode("utf-8", "replace") if found.returncode == 0 else None

    def pipelines(self, commit: str) -> list[str]:
        """Folders of a commit that hold a `dvc.yaml`, sorted; `.` is the root itself."""
        listed = self._git("ls-tree", "-r", "-z", "--name-only", commit).decode().split("\0")
        found = [path for path in listed if path.rpartition("/")[2] == "dvc.yaml"]
        return sorted(path.rpartition("/")[0] or "." for path in found)

    def export(self, commit: str, folder: Path) -> None:
        """Write the commit's files below a folder.

        Raises:
            PipelineNotFoundError: the commit is not in the repository.
        """
        if not self.has(commit):
            self.refresh()
        if not self.has(commit):
            raise PipelineNotFoundError(f"The repository of pipelines has no commit {commit}.")
        content = self._git("archive", "--format=tar", commit)
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            archive.extractall(folder, filter="data")

    @property
    def _is_git(self) -> bool:
        path = Path(self._source)
        return not path.is_dir() or (path / ".git").exists() or (path / "HEAD").is_file()

    def _snapshot(self) -> str:
        with tempfile.TemporaryDirectory() as folder:
            index = {"GIT_INDEX_FILE": f"{folder}/index"}
            self._git("add", "--all", ".", tree=self._source, more=index)
            tree = self._git("write-tree", more=index).decode().strip()
        commit = self._git("commit-tree", tree, "-m", "pipelines", more=_SNAPSHOT).decode().strip()
        # Named, so that git never collects it while a job still needs it.
        self._git("update-ref", f"refs/snapshots/{commit}", commit)
        return commit

    @contextmanager
    def _held(self) -> Iterator[None]:
        """One process at a time makes or changes the mirror."""
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        with Path(f"{self._folder}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (self._folder / "HEAD").exists():
                self._git("init", "--quiet", "--bare", str(self._folder), bare=False)
            yield

    def _git(
        self,
        *words: str,
        bare: bool = True,
        tree: str | None = None,
        more: dict[str, str] | None = None,
    ) -> bytes:
        where = ("-C", tree, f"--work-tree={tree}") if tree else ()
        ended = self._run(*where, *words, bare=bare, more=more)
        if ended.returncode:
            said = ended.stderr.decode("utf-8", "replace").strip().splitlines()
            raise PipelineSourceError(
                f"git {words[0]} of {self._source}: {said[-1] if said else 'failed'}. "
                "Check FLEET_PIPELINES__SOURCE and FLEET_PIPELINES__REF."
            )
        return ended.stdout

    def _run(
        self, *words: str, bare: bool = True, more: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        where = (f"--git-dir={self._folder}",) if bare else ()
        try:
            return subprocess.run(  # noqa: S603 - words of ours
                ["git", "-c", "safe.directory=*", *where, *words],  # noqa: S607 - as installed
                env={**os.environ, **_ALONE, **(more or {})},
                capture_output=True,
                timeout=TIMEOUT_S,
                check=False,
            )
        except FileNotFoundError as error:
            raise PipelineSourceError(
                "git is not installed; pipelines are read with it."
            ) from error
        except subprocess.TimeoutExpired as error:
            said = f"git took longer than {TIMEOUT_S:.0f} s to read {self._source}."
            raise PipelineSourceError(said) from error
