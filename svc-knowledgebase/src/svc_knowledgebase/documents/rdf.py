"""RDF (Turtle, N-Triples, RDF/XML) by Oxigraph's parsers: a block a subject."""

import re
from collections import defaultdict

from svc_knowledgebase.documents.blocks import Block, DocumentLimits, ParsedDocument
from svc_knowledgebase.documents.errors import DamagedDocumentError
from svc_knowledgebase.documents.releases import release
from svc_knowledgebase.documents.texts import tidy

_LABELS = ("label", "prefLabel", "title", "name")
_BASE = "urn:datafleet:document:"
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[_-]")


def parse_rdf(data: bytes, _limits: DocumentLimits, *, form: str) -> ParsedDocument:
    """What is said of each subject, in the order in which subjects come.

    Raises:
        DamagedDocumentError: it is not well formed; it says where.
    """
    import pyoxigraph  # noqa: PLC0415 - each child loads what it meets

    formats = {
        "ttl": pyoxigraph.RdfFormat.TURTLE,
        "nt": pyoxigraph.RdfFormat.N_TRIPLES,
        "rdf": pyoxigraph.RdfFormat.RDF_XML,
    }
    said: dict[str, list[tuple[str, str]]] = defaultdict(list)
    try:
        for quad in pyoxigraph.parse(input=data, format=formats[form], base_iri=_BASE):
            value = quad.object
            text = value.value if isinstance(value, pyoxigraph.Literal) else str(value).strip("<>")
            said[str(quad.subject).strip("<>")].append((quad.predicate.value, tidy(text).strip()))
    except (SyntaxError, ValueError) as error:
        raise DamagedDocumentError(f"It is not well-formed RDF: {error}.") from error
    document = ParsedDocument(parser="pyoxigraph", parser_version=release("pyoxigraph"))
    for subject, pairs in said.items():
        text = "\n".join(f"{_local(name)}: {value}" for name, value in pairs if value)
        types = [_local(value) for name, value in pairs if name.endswith("#type")]
        section = (types[0],) if types else ()
        if "Ontology" in types and document.title is None:
            document.title = _label(pairs)
        heading = f"{_label(pairs) or _local(subject)} <{subject}>"
        document.blocks.append(
            Block(text=f"{heading}\n{text}", kind="resource", section=section, alone=True)
        )
    return document


def _label(pairs: list[tuple[str, str]]) -> str | None:
    for wanted in _LABELS:
        for name, value in pairs:
            if _tail(name) == wanted and value:
                return value
    return None


def _tail(iri: str) -> str:
    return re.split(r"[#/:]", iri.rstrip("#/"))[-1]


def _local(iri: str) -> str:
    """The last part of an IRI, in words."""
    return _WORDS.sub(" ", _tail(iri)) or iri
