"""XML without its dangers: no entities of its own, no document type with declarations, no files."""

from xml.parsers import expat


class UnsafeXmlError(ValueError):
    """The document declares entities, which may grow without bound or point elsewhere."""


def safe_parser() -> expat.XMLParserType:
    """An expat parser that refuses entity declarations and looks nothing up.

    Raises (while it parses):
        UnsafeXmlError: an entity is declared.
    """
    parser = expat.ParserCreate()
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.EntityDeclHandler = _refuse
    parser.UnparsedEntityDeclHandler = _refuse
    parser.ExternalEntityRefHandler = _refuse
    parser.buffer_text = True
    return parser


def _refuse(*_: object) -> int:
    raise UnsafeXmlError("the document declares entities; write it without a DTD")
