"""What can go wrong while an environment is built."""

from shared_lib.contracts.errors import FleetError, UnavailableError


class EnvironmentBuildError(FleetError):
    """The requirements cannot be installed together, or one of them does not exist."""

    status = 422
    code = "environment_build_failed"
    title = "The environment cannot be built"


class PackagesUnreachableError(UnavailableError):
    """The package index does not answer."""

    code = "packages_unreachable"
    title = "No packages can be fetched right now"
