"""What can be wrong with a request for a file."""

from shared_lib.contracts.errors import NotFoundError


class FileNotFoundInCatalogError(NotFoundError):
    """No such file in this tenant."""

    code = "file_not_found"
    title = "No such file"
