"""Why a version cannot grow."""

from shared_lib.contracts.errors import ConflictError, InvalidInputError, NotFoundError


class SchemaConflictError(ConflictError):
    """Two versions have a column of types that nothing exact holds both of."""

    code = "schema_conflict"
    title = "The columns do not fit together"


class NothingToCompactError(ConflictError):
    """The version is one file already."""

    code = "nothing_to_compact"
    title = "Nothing to compact"


class TableChangedError(ConflictError):
    """Another change was quicker; the job begins again on what it left."""

    code = "table_changed"
    title = "The table has changed meanwhile"
    failure = "infrastructure"


class TableChangeNotFoundError(NotFoundError):
    """No such append or compaction of the table."""

    code = "table_change_not_found"
    title = "No such change"


class KeyNotUsableError(InvalidInputError):
    """A key is no column of both versions."""

    code = "key_not_usable"
    title = "The key is not in both versions"
