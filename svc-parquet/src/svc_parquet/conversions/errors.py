"""What can go wrong while a file is converted. Each error says what, where, and what to do."""

from shared_lib.contracts.errors import FleetError, InvalidInputError, NoSpaceError

__all__ = [
    "ConversionError",
    "CorruptCompressionError",
    "DamagedFileError",
    "DecompressionLimitError",
    "EmptyFileError",
    "EncodingUndecidedError",
    "LeftOutError",
    "MalformedRowsError",
    "NoSpaceError",
    "NoTablesError",
    "ProtectedFileError",
    "RowTooLargeError",
    "SeveralTablesError",
    "SheetNotFoundError",
    "SourceTooLargeError",
    "TooManyColumnsError",
    "TooManyEntriesError",
    "TruncatedCompressionError",
    "UnknownColumnError",
    "UnknownEncodingError",
    "UnknownRowError",
    "UnknownTypeError",
    "UnsafeEntryError",
    "UnsupportedFormatError",
]


class ConversionError(FleetError):
    """A file cannot be converted as it is; the same bytes will fail again."""

    status = 422
    code = "conversion_failed"
    title = "The file cannot be converted"
    failure = "user"


class EmptyFileError(ConversionError):
    """The file holds no row and no column."""

    code = "empty_file"
    title = "The file is empty"


class UnsupportedFormatError(ConversionError):
    """The bytes are of a kind that no reader knows."""

    status = 415
    code = "unsupported_format"
    title = "This kind of file is not read"


class TruncatedCompressionError(ConversionError):
    """A compressed file ends before its last block does."""

    code = "truncated_compression"
    title = "The compressed file is cut short"


class CorruptCompressionError(ConversionError):
    """Compressed bytes do not decode, or their checksum is wrong."""

    code = "corrupt_compression"
    title = "The compressed file is damaged"


class DecompressionLimitError(ConversionError):
    """A compressed file unpacks to more than the limits allow."""

    status = 413
    code = "decompression_limit"
    title = "The file unpacks to too much"


class DamagedFileError(ConversionError):
    """The bytes are not what the format asks for."""

    code = "damaged_file"
    title = "The file is damaged"


class NoTablesError(ConversionError):
    """The document can be read and holds no table."""

    code = "no_tables"
    title = "No table was found"


class ProtectedFileError(ConversionError):
    """The file is encrypted and its password is not known."""

    code = "protected_file"
    title = "The file is protected"


class SourceTooLargeError(ConversionError):
    """Reading the file would take more memory or time than one file may have."""

    status = 413
    code = "source_too_large"
    title = "The file is too large to be read"


class RowTooLargeError(ConversionError):
    """One row is longer than `max_row_bytes`."""

    status = 413
    code = "row_too_large"
    title = "A row is too large"


class SeveralTablesError(ConversionError):
    """One table was expected and the file holds another number of them."""

    code = "several_tables"
    title = "The file does not hold exactly one table"


class TooManyEntriesError(ConversionError):
    """An archive has more entries than one may have."""

    status = 413
    code = "too_many_entries"
    title = "The archive has too many entries"


class UnsafeEntryError(ConversionError):
    """An entry of an archive is a link, or its path would lead out of the archive's folder."""

    code = "unsafe_entry"
    title = "An entry of the archive is unsafe"


class LeftOutError(ConversionError):
    """A file in an archive or a folder whose ending is that of no table."""

    status = 415
    code = "left_out"
    title = "The file is no table"


class TooManyColumnsError(ConversionError):
    """The file has more columns (or distinct JSON keys) than a table may have."""

    code = "too_many_columns"
    title = "Too many columns"


class EncodingUndecidedError(ConversionError):
    """Most of the file is not UTF-8, and a single-byte encoding is never guessed."""

    code = "encoding_undecided"
    title = "The encoding cannot be told"


class MalformedRowsError(ConversionError):
    """A row cannot be read and the caller asked to fail, or no row at all can be read."""

    code = "malformed_rows"
    title = "Rows cannot be read"


class UnknownColumnError(InvalidInputError):
    """The schema option names a column the file does not have."""

    code = "unknown_column"
    title = "No such column"


class SheetNotFoundError(InvalidInputError):
    """The sheets option names a sheet the workbook does not have."""

    code = "sheet_not_found"
    title = "No such sheet"


class UnknownRowError(ConversionError):
    """A corrected row is not in the quarantine that it corrects."""

    code = "unknown_row"
    title = "No such row in the quarantine"


class UnknownTypeError(InvalidInputError):
    """The schema option names a type that does not exist."""

    code = "unknown_type"
    title = "No such type"


class UnknownEncodingError(InvalidInputError):
    """The encoding option names no text encoding."""

    code = "unknown_encoding"
    title = "No such encoding"
