"""E-mail by the standard library: headers, the readable body, and attachments that can be read."""

import sys
from collections.abc import Callable
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import EmailPolicy, default
from functools import lru_cache
from typing import Any

from svc_knowledgebase.documents.blocks import Block, DocumentLimits, ParsedDocument
from svc_knowledgebase.documents.errors import DamagedDocumentError, DocumentError
from svc_knowledgebase.documents.html import parse_html
from svc_knowledgebase.documents.plain_text import parse_text
from svc_knowledgebase.documents.texts import tidy


class _Policy(EmailPolicy):
    """The standard one, which parses a header anew each time that somebody asks for it."""

    def header_fetch_parse(self, name: str, value: str) -> Any:
        """A header; the same one is asked for ten times in a message."""
        return _parsed_header(name, value)


@lru_cache(maxsize=256)
def _parsed_header(name: str, value: str) -> Any:
    return default.header_fetch_parse(name, value)


_POLICY = _Policy()

ParseAttachment = Callable[[str, bytes], ParsedDocument]


def parse_mail(
    data: bytes, limits: DocumentLimits, *, attachment: ParseAttachment
) -> ParsedDocument:
    """A message with its attachments, each in a section named after its file.

    Raises:
        DamagedDocumentError: its parts cannot be told.
    """
    document = ParsedDocument(parser="python-email", parser_version=sys.version.split()[0])
    try:
        message = message_from_bytes(data, policy=_POLICY)
        document.title = " ".join(str(message["subject"] or "").split()) or None
        heads = [f"{name}: {message[name]}" for name in ("Subject", "From", "To", "Cc", "Date")
                 if message[name]]  # fmt: skip
        if heads:
            document.blocks.append(Block(text=tidy("\n".join(heads)), kind="message"))
        assert isinstance(message, EmailMessage)  # noqa: S101 - the policy makes such messages
        body = message.get_body(("plain", "html"))
        if isinstance(body, EmailMessage):
            _add_body(document, body, limits)
        for part in message.iter_attachments():
            _add_attachment(document, part, attachment=attachment)
    except (LookupError, ValueError, AttributeError, TypeError) as error:
        raise DamagedDocumentError(f"It is not a message that can be read: {error}.") from error
    return document


def _add_body(document: ParsedDocument, body: EmailMessage, limits: DocumentLimits) -> None:
    content = body.get_content()
    data = content.encode("utf-8", "replace") if isinstance(content, str) else bytes(content)
    if body.get_content_subtype() == "html":
        parsed = parse_html(b"\xef\xbb\xbf" + data, limits)
    else:
        parsed = parse_text(data, limits, markdown=False)
    document.blocks += parsed.blocks


def _add_attachment(
    document: ParsedDocument, part: EmailMessage, *, attachment: ParseAttachment
) -> None:
    content = part.get_content()
    name = part.get_filename() or f"part.{part.get_content_subtype()}"
    if isinstance(content, EmailMessage):
        name, content = f"{name}.eml", bytes(content)
    data = content.encode("utf-8", "replace") if isinstance(content, str) else bytes(content)
    try:
        parsed = attachment(name, data)
    except DocumentError as error:
        document.notes.append(f"Attachment {name} was not read ({error.code}): {error.detail}")
        return
    for block in parsed.blocks:
        section = (name, *block.section)
        document.blocks.append(replace(block, section=section))
    document.notes += [f"Attachment {name}: {note}" for note in parsed.notes]
