"""What a question to a graph may say: read, and nothing else.

The words of the text are looked at, not those inside of strings, names in backticks and comments.
This is the first of four walls: the engine also takes one statement only, opens the graph
read-only, and while it runs its process can open no file at all (`engine`).
"""

import re
from collections.abc import Iterator

from shared_lib.answering.errors import QueryFailedError, QueryRefusedError

BEGINNINGS = frozenset({"MATCH", "OPTIONAL", "UNWIND", "WITH", "RETURN"})
REFUSED = frozenset(
    {
        "ALTER", "ATTACH", "BEGIN", "CALL", "CHECKPOINT", "COMMENT", "COMMIT", "COPY", "CREATE",
        "DELETE", "DETACH", "DROP", "EXPLAIN", "EXPORT", "EXTENSION", "FORCE", "IMPORT", "INSTALL",
        "LOAD", "MACRO", "MERGE", "PROFILE", "PROJECT", "REMOVE", "ROLLBACK", "SET", "TRANSACTION",
        "UNINSTALL", "UPDATE", "USE",
    }
)  # fmt: skip
_TOKEN = re.compile(
    r"""
      (?P<skipped> '(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*" | `[^`]*` | /\*.*?\*/ | //[^\n\r]* )
    | (?P<open> ['"`] | /\* )
    | (?P<word> [^\W\d]\w* )
    | (?P<end> ; )
    | (?P<dot> (?<! [0-9] ) [.:] \s* )  # that of a number names nothing
    """,
    re.VERBOSE | re.DOTALL,
)


def check(cypher: str) -> None:
    """Refuse a query that does more than read.

    Raises:
        QueryFailedError: a string, a name or a comment does not end.
        QueryRefusedError: it is several statements, begins with something else than reading, or
            has a word of writing, of files or of the engine's own settings.
    """
    words = list(_words(cypher))
    if not words or words[0] not in BEGINNINGS:
        begins = words[0] if words else "nothing"
        raise QueryRefusedError(
            f"A query reads: it begins with MATCH, UNWIND, WITH or RETURN, not with {begins}.",
            field="cypher",
        )
    refused = next((word for word in words if word in REFUSED), None)
    if refused is not None:
        raise QueryRefusedError(
            f"{refused} is not answered here: a query reads the graph, and changes, loads and "
            "writes nothing. A property of that name is written after a dot or in backticks.",
            field="cypher",
        )


def _words(cypher: str) -> Iterator[str]:
    """The words that stand for themselves, in capitals; names after a dot or a colon are none."""
    after_dot, ended = -1, False
    for token in _TOKEN.finditer(cypher):
        if token["skipped"] is not None and token["skipped"].startswith("/"):
            continue
        if ended:
            raise QueryRefusedError("One query is answered at a time.", field="cypher")
        if token["open"] is not None:
            raise QueryFailedError(
                f"What begins with {token['open']} at character {token.start() + 1} does not end.",
                field="cypher",
            )
        if token["end"] is not None:
            ended = True
        if token["dot"] is not None:
            after_dot = token.end()
        if token["word"] is not None and token.start() != after_dot:
            yield token["word"].upper()
