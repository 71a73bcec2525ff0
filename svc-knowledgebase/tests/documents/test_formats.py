"""Every format gives all of its text, in order, with its structure."""

import made_documents as made
from made_documents import SAID

from svc_knowledgebase.documents.blocks import DocumentLimits, ParsedDocument, TableOptions
from svc_knowledgebase.documents.parse import parse_document

LIMITS = DocumentLimits()


def parse(name: str, data: bytes, **tables: object) -> ParsedDocument:
    options = TableOptions(**tables)  # type: ignore[arg-type] # words of a test
    return parse_document(name, data, limits=LIMITS, tables=options)[1]


def shape(document: ParsedDocument) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(block.kind, block.text, block.section) for block in document.blocks]


def test_word() -> None:
    document = parse("pump.docx", made.word())
    assert document.title == "Pump guide"
    assert shape(document) == [
        ("heading", "Valves", ("Valves",)),
        ("paragraph", SAID, ("Valves",)),
        ("heading", "Resetting", ("Valves", "Resetting")),
        ("paragraph", "Turn the wheel.", ("Valves", "Resetting")),
        ("list_item", "first item", ("Valves", "Resetting")),
        ("table", "size | torque\nM8 | 25 Nm", ("Valves", "Resetting")),
        ("footer", "Revision seven", ()),
    ]


def test_slides() -> None:
    document = parse("plan.pptx", made.slides())
    assert [(block.page, block.kind, block.text) for block in document.blocks] == [
        (1, "heading", "Plan & aim"),
        (1, "paragraph", SAID),
        (1, "note", "Speak slowly"),
        (2, "heading", "Numbers"),
        (2, "table", "north | 17"),
    ]
    assert document.pages == 2


def test_workbook() -> None:
    document = parse("parts.xlsx", made.workbook())
    assert shape(document) == [
        ("row", f"part: bolt; mass: 12; note: {SAID}", ("Parts",)),
        ("row", "part: nut; mass: 3.5", ("Parts",)),
        ("row", "key: depth; value: 40", ("Secret",)),
    ]


def test_open_document() -> None:
    assert shape(parse("valves.odt", made.open_text())) == [
        ("heading", "Valves", ("Valves",)),
        ("paragraph", f"{SAID} and  more tail", ("Valves",)),
        ("list_item", "first item", ("Valves",)),
        ("table", "M8 | 25 Nm", ("Valves",)),
    ]


def test_rich_text() -> None:
    texts = [block.text for block in parse("a.rtf", made.rich_text()).blocks]
    assert texts == [
        "Caf\u00e9 \u0142\u00f3d\u017a R&D < 5",
        "second line",
    ]


def test_pdf_with_outline_and_a_silent_page() -> None:
    document = parse("m.pdf", made.pdf(["one R&D < 5", "", "three"], title="Manual", outline=True))
    assert document.title == "Manual"
    assert [(block.page, block.text, block.section) for block in document.blocks] == [
        (1, "one R&D < 5", ("Part 1",)),
        (3, "three", ("Part 3",)),
    ]
    assert document.notes == ["1 of 3 pages have no text (pictures or empty) and were skipped: 2."]


def test_mail_and_what_is_attached() -> None:
    document = parse("m.eml", made.mail())
    texts = [(block.section[:1], block.text) for block in document.blocks]
    assert document.title == "Gr\u00fc\u00dfe aus \u0141\u00f3d\u017a"
    assert texts[:4] == [
        (
            (),
            f"Subject: {document.title}\nFrom: ann@example.org\nTo: bob@example.org",
        ),
        ((), SAID),
        ((), "Second part."),
        (("n.txt",), "attached words"),
    ]
    assert (("pump.docx",), "Turn the wheel.") in texts
    assert [note.partition(":")[0] for note in document.notes] == [
        "Attachment a.png was not read (unknown_format)"
    ]


def test_html() -> None:
    page = f"""<!doctype html><html><head><title>Site \u2013 <b></title><meta charset=utf-8>
    <style>p {{}}</style></head><body><nav><a href=/>Home</a> <a>All</a></nav>
    <h1>Valves</h1><p>{SAID.replace("<", "&lt;").replace("&c", "&amp;c")}
    in <b>bold</b>face<br>next<script>no()</script>
    <h2>Sizes</h2><ul><li>one<ul><li>two</ul></ul><pre>a
      b</pre>
    <table><tr><th>size<td>M8<tr><td>torque<td>25 Nm</table>tail of the body"""
    document = parse("p.html", page.encode())
    assert document.title == "Site \u2013 <b>"
    assert shape(document) == [
        ("navigation", "Home All", ()),
        ("heading", "Valves", ("Valves",)),
        ("paragraph", f"{SAID} in boldface next", ("Valves",)),
        ("heading", "Sizes", ("Valves", "Sizes")),
        ("paragraph", "one", ("Valves", "Sizes")),
        ("list_item", "two", ("Valves", "Sizes")),
        ("code", "a\n      b", ("Valves", "Sizes")),
        ("row", "size | M8", ("Valves", "Sizes")),
        ("row", "torque | 25 Nm", ("Valves", "Sizes")),
        ("paragraph", "tail of the body", ("Valves", "Sizes")),
    ]


def test_html_in_another_encoding() -> None:
    page = '<meta charset="iso-8859-2"><p>\u0141\u00f3d\u017a'.encode("iso-8859-2")
    assert parse("p.htm", page).blocks[0].text == "\u0141\u00f3d\u017a"


def test_markdown_and_restructured_text() -> None:
    markdown = (
        "# Pump\n\nText `x`.\n\n## Parts\n- a\n- b\n\n```py\n# no heading\n\nx = 1\n```\nend\n"
    )
    assert shape(parse("p.md", markdown.encode())) == [
        ("heading", "Pump", ("Pump",)),
        ("paragraph", "Text `x`.", ("Pump",)),
        ("heading", "Parts", ("Pump", "Parts")),
        ("list_item", "- a\n- b", ("Pump", "Parts")),
        ("code", "```py\n# no heading\n\nx = 1\n```", ("Pump", "Parts")),
        ("paragraph", "end", ("Pump", "Parts")),
    ]
    rst = "Pump\n====\n\nText.\n\nParts\n-----\nmore\n\nOther\n=====\n"
    assert [(b.kind, b.section) for b in parse("p.rst", rst.encode()).blocks] == [
        ("heading", ("Pump",)),
        ("paragraph", ("Pump",)),
        ("heading", ("Pump", "Parts")),
        ("paragraph", ("Pump", "Parts")),
        ("heading", ("Other",)),
    ]


def test_text_that_is_not_utf8_says_so() -> None:
    document = parse("README", "Caf\u00e9".encode("cp1252"))
    assert document.blocks[0].text == "Caf\u00e9"
    assert document.notes == ["It is not UTF-8 and was read as Windows-1252."]


CSV = b'# Stock of parts\n# counted on Monday\npart;mass\nbolt;12\n"nut\nM8";3,5\n'


def test_comments_of_a_table_are_its_title_and_description() -> None:
    document = parse("s.csv", CSV)
    assert (document.title, document.description) == ("Stock of parts", "counted on Monday")
    assert [block.text for block in document.blocks] == [
        "part: bolt; mass: 12",
        "part: nut M8; mass: 3,5",
    ]


def test_rows_and_cells_can_be_records() -> None:
    assert all(block.alone for block in parse("s.csv", CSV, rows="each").blocks)
    cells = parse("s.csv", CSV, columns=("part",)).blocks
    assert [(block.text, block.section) for block in cells] == [
        ("bolt", ("part",)),
        ("nut M8", ("part",)),
    ]


def test_json_and_its_lines() -> None:
    document = parse("a.json", b'{"title": "T", "a": {"b": [1, true, null, "x"]}}')
    assert (document.title, document.blocks[0].text) == (
        "T",
        "title: T; a.b: 1; a.b: true; a.b: x",
    )
    lines = parse("a.jsonl", b'{"a": 1}\n\n{"a": 2}\n')
    assert [block.text for block in lines.blocks] == ["a: 1", "a: 2"]


TURTLE = """@prefix : <http://x.org/o#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
:CheckValve a :PumpPart ; rdfs:label "check valve"@en ; rdfs:comment "lets R&D < 5 through" .
:pump :hasPart :CheckValve ."""


def test_rdf() -> None:
    document = parse("o.ttl", TURTLE.encode())
    assert shape(document) == [
        (
            "resource",
            (
                "check valve <http://x.org/o#CheckValve>\ntype: http://x.org/o#PumpPart\n"
                "label: check valve\ncomment: lets R&D < 5 through"
            ),
            ("Pump Part",),
        ),
        ("resource", "pump <http://x.org/o#pump>\nhas Part: http://x.org/o#CheckValve", ()),
    ]
