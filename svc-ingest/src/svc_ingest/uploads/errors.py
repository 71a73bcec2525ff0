"""What can be wrong with an upload."""

from shared_lib.contracts.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    PayloadTooLargeError,
)


class UploadNotFoundError(NotFoundError):
    """No such upload in this tenant."""

    code = "upload_not_found"
    title = "No such upload"


class EmptyUploadError(InvalidInputError):
    """The body had no bytes."""

    code = "empty_file"
    title = "The file is empty"


class UploadTooLargeError(PayloadTooLargeError):
    """The file is larger than the limit."""

    code = "upload_too_large"
    title = "The file is too large"


class UploadIncompleteError(InvalidInputError):
    """Fewer bytes came than `Content-Length` announced."""

    code = "upload_incomplete"
    title = "The upload was cut off"


class DuplicateUploadError(InvalidInputError):
    """One upload is named twice in one version."""

    code = "duplicate_upload"
    title = "An upload is named twice"


class OptionsWithoutDatasetError(InvalidInputError):
    """Conversion options came with an upload that does not land."""

    code = "options_without_dataset"
    title = "Options need a dataset"


class UploadExpiredError(ConflictError):
    """So little came for so long that the upload was dropped."""

    code = "upload_expired"
    title = "The upload took too long"


class InvalidUploadPathError(InvalidInputError):
    """The path cannot name a file inside a version."""

    code = "invalid_upload_path"
    title = "The path is not usable"


class InvalidDigestError(InvalidInputError):
    """`Content-Digest` is not a digest we can check."""

    code = "invalid_content_digest"
    title = "The Content-Digest cannot be read"


class InvalidOptionsError(InvalidInputError):
    """`options` is not the JSON of conversion options."""

    code = "invalid_options"
    title = "The conversion options cannot be read"
