"""What can be wrong with a request for a dataset."""

from shared_lib.contracts.errors import ConflictError, InvalidInputError, NotFoundError


class DatasetNotFoundError(NotFoundError):
    """No such dataset in this tenant."""

    code = "dataset_not_found"
    title = "No such dataset"


class DatasetExistsError(ConflictError):
    """The name is taken."""

    code = "dataset_exists"
    title = "The dataset exists already"


class DatasetNameIsAnIdError(InvalidInputError):
    """A name that looks like a dataset's id would hide the dataset with that id."""

    code = "dataset_name_is_an_id"
    title = "The name looks like an id"
