"""What the tests of all slices share: the running service, on both databases."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # tests share training_service.py

from pydantic import SecretStr
from training_service import Training, running_training, training_settings

from shared_lib.testing.github import TOKEN, GitHubReplica, serving_github
from shared_lib.testing.pipelines import write_repository
from svc_training.settings import GitHubSettings


@pytest.fixture(scope="session")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Environments that are built once; FLEET_TEST_ENVIRONMENTS keeps them between runs."""
    kept = os.environ.get("FLEET_TEST_ENVIRONMENTS")
    return Path(kept) if kept else tmp_path_factory.mktemp("environments")


@pytest.fixture
def training(tmp_path: Path, database_url: str, environments: Path) -> Iterator[Training]:
    """The service on SQLite, then on PostgreSQL, with a small pipeline of its own."""
    write_repository(tmp_path / "pipelines")
    settings = training_settings(tmp_path, environments=environments, database_url=database_url)
    with running_training(settings) as running:
        yield running


@pytest.fixture
def light_training(tmp_path: Path, environments: Path) -> Iterator[Training]:
    """The service on SQLite, with a small pipeline of its own."""
    write_repository(tmp_path / "pipelines")
    with running_training(training_settings(tmp_path, environments=environments)) as running:
        yield running


@pytest.fixture
def replica() -> Iterator[GitHubReplica]:
    """GitHub, with one pull request."""
    with serving_github(GitHubReplica(["owner/name#7"])) as served:
        yield served


@pytest.fixture
def telling_training(
    tmp_path: Path, database_url: str, environments: Path, replica: GitHubReplica
) -> Iterator[Training]:
    """The service on SQLite, then on PostgreSQL, with a token for that GitHub."""
    write_repository(tmp_path / "pipelines")
    settings = training_settings(
        tmp_path,
        environments=environments,
        database_url=database_url,
        github=GitHubSettings(api_url=replica.url, token=SecretStr(TOKEN)),
    )
    with running_training(settings) as running:
        yield running
