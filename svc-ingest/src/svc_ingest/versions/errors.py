"""What can be wrong with a version, or with landing one."""

from shared_lib.contracts.errors import ConflictError, InvalidInputError, NotFoundError


class VersionNotFoundError(NotFoundError):
    """No such version in this tenant."""

    code = "version_not_found"
    title = "No such version"


class DuplicatePathError(InvalidInputError):
    """Two files of one version would have the same path."""

    code = "duplicate_path"
    title = "Two files have the same path"


class UploadNotReadyError(ConflictError):
    """Only a received upload lands, and it lands once."""

    code = "upload_not_ready"
    title = "The upload cannot land"
