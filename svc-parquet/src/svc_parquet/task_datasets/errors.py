"""Why a table cannot become a task dataset."""

from shared_lib.contracts.errors import ConflictError, InvalidInputError, NotFoundError


class TaskDatasetNotFoundError(NotFoundError):
    """No such task dataset in this tenant."""

    code = "task_dataset_not_found"
    title = "No such task dataset"


class NoSuchColumnError(InvalidInputError):
    """The recipe names a column that the table does not have."""

    code = "no_such_column"
    title = "No such column"


class DatasetHasFilesError(ConflictError):
    """Files have landed in the dataset of that name."""

    code = "dataset_has_files"
    title = "The dataset holds files"


class NotAFlagError(InvalidInputError):
    """A column of `label_columns` holds something else than 0 and 1."""

    code = "not_a_flag"
    title = "A label column holds no flags"


class NothingToLearnError(InvalidInputError):
    """Too few rows or classes are left."""

    code = "nothing_to_learn"
    title = "Too little is left to learn from"


class TooManyTextsError(InvalidInputError):
    """Near-duplicates of so many texts do not fit into memory."""

    code = "too_many_texts"
    title = "Too many texts"
