"""Why a document has no records. Each says what was found, and what to do."""

from shared_lib.contracts.fleet_error import FleetError


class DocumentError(FleetError):
    """The document cannot be read; the same bytes will fail again."""

    status = 422
    code = "document_unreadable"
    title = "The document cannot be read"


class DamagedDocumentError(DocumentError):
    """The bytes break the rules of their format."""

    code = "damaged_document"
    title = "The document is damaged"


class ProtectedDocumentError(DocumentError):
    """It is encrypted."""

    code = "protected_document"
    title = "The document needs a password"


class WrongFormatError(DocumentError):
    """Its name says one format, its bytes say none that is known."""

    code = "wrong_format"
    title = "The name and the bytes do not agree"


class DocumentTooLargeError(DocumentError):
    """It is, or unpacks to, more than the limits allow."""

    status = 413
    code = "document_too_large"
    title = "The document is too large"


class DocumentLimitError(DocumentError):
    """Reading it took more time or memory than a document may take."""

    code = "document_limit"
    title = "Reading the document costs too much"


class UnreadableFontsError(DocumentError):
    """Its fonts do not say which characters they draw."""

    code = "unreadable_fonts"
    title = "The fonts of the document do not say their characters"


class DocumentSkippedError(DocumentError):
    """There is nothing to read in it; this is no failure."""

    code = "document_skipped"
    title = "The document was skipped"


class EmptyDocumentError(DocumentSkippedError):
    """It has no bytes, or no text."""

    code = "empty_document"
    title = "The document is empty"


class ScannedDocumentError(DocumentSkippedError):
    """Its pages are pictures."""

    code = "scanned_document"
    title = "The pages are pictures"


class UnknownFormatError(DocumentSkippedError):
    """It is none of the formats that are read."""

    code = "unknown_format"
    title = "This kind of file is not read"
