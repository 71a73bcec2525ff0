"""Workbooks (xlsx, xls, ods) by calamine: a section a sheet, a block a row."""

import io

from svc_knowledgebase.documents.blocks import DocumentLimits, ParsedDocument, TableOptions
from svc_knowledgebase.documents.errors import DamagedDocumentError, ProtectedDocumentError
from svc_knowledgebase.documents.packages import check_package
from svc_knowledgebase.documents.releases import release
from svc_knowledgebase.documents.tables import row_blocks


def parse_spreadsheet(
    data: bytes, limits: DocumentLimits, *, options: TableOptions
) -> ParsedDocument:
    """Every sheet, the hidden ones too; formulas by their stored values.

    Raises:
        DocumentTooLargeError: it unpacks to too much.
        DamagedDocumentError: it cannot be read.
        ProtectedDocumentError: it needs a password.
    """
    import python_calamine as calamine  # noqa: PLC0415 - each child loads what it meets

    if data.startswith(b"PK"):
        check_package(data, limits)
    document = ParsedDocument(parser="calamine", parser_version=release("python-calamine"))
    try:
        with calamine.load_workbook(io.BytesIO(data)) as book:
            for name in book.sheet_names:
                rows = book.get_sheet_by_name(name).to_python(skip_empty_area=True)
                document.blocks += row_blocks(rows, options, section=(name,))
    except calamine.PasswordError as error:
        raise ProtectedDocumentError("It is encrypted. Save it without a password.") from error
    except (calamine.CalamineError, calamine.XmlError, calamine.ZipError, ValueError) as error:
        raise DamagedDocumentError(f"The workbook cannot be read: {error}.") from error
    return document
