"""Each distribution installs and starts in an environment with only its own dependencies."""

from pathlib import Path

import isolated_install
import pytest
from house import Distribution, read_distributions

DISTRIBUTIONS = [
    each for each in read_distributions() if each.is_service or each.package == "datafleet"
]

pytestmark = pytest.mark.long


@pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=[each.folder for each in DISTRIBUTIONS])
def test_it_stands_alone(distribution: Distribution, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    empty = tmp_path / "empty"
    empty.mkdir()

    isolated_install.install(distribution, into=environment)
    said = isolated_install.start(distribution, environment=environment, folder=empty)

    expected = f"{distribution.package} is ready" if distribution.is_service else "Usage: fleet"
    assert expected in said


def test_a_sibling_in_the_environment_is_noticed(tmp_path: Path) -> None:
    """The check itself is checked: what must not be there is put there."""
    sdk = isolated_install.find_distribution("sdk")
    environment = tmp_path / "environment"
    isolated_install.install(sdk, into=environment)
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "svc_quality").mkdir()

    with pytest.raises(isolated_install.IsolationError, match="svc_quality"):
        isolated_install.start(sdk, environment=environment, folder=tmp_path)
