"""Real documents of every format, made by the usual libraries, with words planted in each place."""

import io
import zipfile
from collections.abc import Callable
from email.message import EmailMessage

import docx
import openpyxl
import pptx
from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject, StreamObject
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

SAID = "R&D costs < 5 \u20ac in \u0141\u00f3d\u017a, says \u201cM\u00fcller\u201d."
"""Signs that parsers have lost: an ampersand, a smaller-than, letters beyond ASCII."""


def word() -> bytes:
    """A heading in a heading, a list, a table, a footer, a text box's paragraph."""
    document = docx.Document()
    document.core_properties.title = "Pump guide"
    document.add_heading("Valves", 1)
    document.add_paragraph(SAID)
    document.add_heading("Resetting", 2)
    document.add_paragraph("Turn the wheel.")
    document.add_paragraph("first item", style="List Bullet")
    table = document.add_table(2, 2)
    for place, text in enumerate(("size", "torque", "M8", "25 Nm")):
        table.cell(place // 2, place % 2).text = text
    document.sections[0].footer.paragraphs[0].text = "Revision seven"
    return _saved(document.save)


def slides() -> bytes:
    """Two slides: a title with text and speaker notes, and a table."""
    show = pptx.Presentation()
    first = show.slides.add_slide(show.slide_layouts[1])
    first.shapes.title.text = "Plan & aim"
    first.placeholders[1].text = SAID
    first.notes_slide.notes_text_frame.text = "Speak slowly"
    second = show.slides.add_slide(show.slide_layouts[5])
    second.shapes.title.text = "Numbers"
    table = second.shapes.add_table(1, 2, 0, 0, 10**6, 10**6).table
    table.cell(0, 0).text, table.cell(0, 1).text = "north", "17"
    return _saved(show.save)


def workbook() -> bytes:
    """Two sheets, one of them hidden; whole numbers, a date, an empty cell."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Parts"
    for row in (("part", "mass", "note"), ("bolt", 12, SAID), ("nut", 3.5, None)):
        sheet.append(row)
    hidden = book.create_sheet("Secret")
    hidden.sheet_state = "hidden"
    hidden.append(["key", "value"])
    hidden.append(["depth", 40])
    return _saved(book.save)


def open_text(text: str = SAID) -> bytes:
    """An OpenDocument text as LibreOffice writes it, in its smallest form."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    content = (
        '<?xml version="1.0" encoding="UTF-8"?><office:document-content'
        ' xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
        ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
        ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:body><office:text>'
        '<text:h text:outline-level="1">Valves</text:h>'
        f'<text:p>{escaped}<text:span> and<text:s text:c="2"/>more</text:span> tail</text:p>'
        "<text:list><text:list-item><text:p>first item</text:p></text:list-item></text:list>"
        "<table:table><table:table-row><table:table-cell><text:p>M8</text:p></table:table-cell>"
        "<table:table-cell><text:p>25 Nm</text:p></table:table-cell></table:table-row>"
        "</table:table>"
        "</office:text></office:body></office:document-content>"
    )
    return packed(
        {"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": content.encode()}
    )


def rich_text() -> bytes:
    """RTF with code page letters, a Unicode letter and formatting."""
    return rb"{\rtf1\ansi\ansicpg1252{\b Caf\'e9} \u322?\'f3d\u378? R&D < 5\par second line\par}"


def pdf(pages: list[str], *, title: str = "", password: str = "", outline: bool = False) -> bytes:
    """A page a text, its lines below each other; an empty text is a page with a drawing only."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4)
    canvas.setTitle(title)
    for number, page in enumerate(pages, start=1):
        if outline:
            canvas.bookmarkPage(f"p{number}")
            canvas.addOutlineEntry(f"Part {number}", f"p{number}", level=0)
        for line, text in enumerate(page.split("\n")):
            canvas.drawString(50, 780 - 14 * line, text)
        if not page:
            canvas.rect(100, 100, 200, 200, fill=1)
        canvas.showPage()
    canvas.save()
    if not password:
        return buffer.getvalue()
    writer = PdfWriter(clone_from=PdfReader(buffer))
    writer.encrypt(password, algorithm="RC4-128")
    return _saved(writer.write)


def pdf_of_signs(text: str) -> bytes:
    """A page whose font says that its letters are private signs, as symbol fonts do."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf([text]))))
    meaning = StreamObject()
    meaning.set_data(
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def "
        b"1 begincodespacerange <00> <FF> endcodespacerange "
        b"1 beginbfrange <00> <FF> <E000> endbfrange endcmap end end"
    )
    for font in writer.pages[0]["/Resources"]["/Font"].values():
        font.get_object()[NameObject("/ToUnicode")] = writer._add_object(meaning)
    return _saved(writer.write)


def mail() -> bytes:
    """A message with a body, a text, a Word document and a picture attached."""
    message = EmailMessage()
    message["Subject"] = "Gr\u00fc\u00dfe aus \u0141\u00f3d\u017a"
    message["From"], message["To"] = "ann@example.org", "bob@example.org"
    message.set_content(f"{SAID}\n\nSecond part.\n")
    message.add_alternative("<p>only in the other form</p>", subtype="html")
    message.add_attachment(b"attached words\n", maintype="text", subtype="plain", filename="n.txt")
    message.add_attachment(
        word(), maintype="application", subtype="octet-stream", filename="pump.docx"
    )
    message.add_attachment(
        b"\x89PNG\r\n\x1a\n\0", maintype="image", subtype="png", filename="a.png"
    )
    return bytes(message)


def packed_by_ole(stream: str) -> bytes:
    """The beginning of a compound file, and the name of a stream in it."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512) + stream.encode("utf-16-le")


def packed(members: dict[str, bytes]) -> bytes:
    """An archive of these members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def _saved(save: Callable[[io.BytesIO], object]) -> bytes:
    buffer = io.BytesIO()
    save(buffer)
    return buffer.getvalue()
