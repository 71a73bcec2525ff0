"""JSON lines whose objects all have the same keys and plain values, read column by column.

One regular expression takes a whole line or none of it: the keys of a pattern object, in its order,
each with a string, a number, a boolean or null. A line that differs in anything (nested values,
other keys, half a surrogate pair, broken JSON) is left to the decoder of `json_rows`, which alone
says what is wrong with it. What is taken are the very characters of the line, so no digit is lost.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
import pyarrow as pa

from svc_parquet.conversions.dialect import Positions
from svc_parquet.conversions.json_rows import json_text

Form = Literal["string", "number", "boolean", "json"]

_MOST_KEYS = 64
"""Of wider objects the rest of the line is copied too often to be faster than the decoder."""
_MOST_KEY_LETTERS = 4096
"""The names are part of the expression, whose size is limited."""
_KEYS_AT_ONCE = 12
"""So few that the expression stays one that is matched in a single forward pass."""

_SPACE = r"[ \t]*"
_AROUND = r"[ \t\r\n]*"
_ESCAPE = r'\\(?:["\\/bfnrt]|u[0-9abcefABCEF][0-9a-fA-F]{3})'
"""An escape that is a character by itself: one from `\\ud000` on may be half of a pair."""
_TOKEN = (
    rf'(null|true|false|"[^"\\\x00-\x1f]*(?:{_ESCAPE}[^"\\\x00-\x1f]*)*"'
    r"|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)"
)


@dataclass(frozen=True)
class PlainRows:
    """The rows of a block: those that are plain as columns, the odd ones as objects.

    Args:
        tokens: a column a key, named by the key's place in `keys`: JSON as written, null for null.
        at: the numbers of the plain rows' lines in the block; ascending.
        odd: the other rows, in their order.
        odd_at: the numbers of their lines.
    """

    keys: tuple[str, ...]
    tokens: pl.DataFrame
    at: Positions
    odd: list[dict[str, Any]]
    odd_at: list[int]

    @property
    def order(self) -> Positions | None:
        """For plain rows with the odd ones below them: which is when; None as they are."""
        if not self.odd:
            return None
        lines = np.concatenate([self.at, np.array(self.odd_at, dtype=np.int64)])
        return np.argsort(lines, kind="stable")


class PlainPattern:
    """Takes apart the lines that look like one object.

    Args:
        keys: its keys in their order, each once; they have to suit.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self.keys = tuple(keys)
        members = [pl.escape_regex(json.dumps(key, ensure_ascii=False)) for key in keys]
        self._steps = [
            self._step(members, start) for start in range(0, len(members), _KEYS_AT_ONCE)
        ]

    @staticmethod
    def suits(keys: Sequence[str]) -> bool:
        """Whether there are neither too few nor too many keys, nor too long ones."""
        return 0 < len(keys) <= _MOST_KEYS and sum(map(len, keys)) <= _MOST_KEY_LETTERS

    @staticmethod
    def _step(members: list[str], start: int) -> str:
        """The expression for some of the members; its last group is what is left of the line."""
        part = members[start : start + _KEYS_AT_ONCE]
        inner = rf"{_SPACE},{_SPACE}".join(f"{key}{_SPACE}:{_SPACE}{_TOKEN}" for key in part)
        before = rf"{_AROUND}\{{" if start == 0 else ","
        last = start + len(part) == len(members)
        after = rf"(\}}){_AROUND}" if last else "(,.*)"
        return rf"(?s)^{before}{_SPACE}{inner}{_SPACE}{after}$"

    def tokens(self, lines: pl.Series) -> pl.DataFrame:
        """The values' tokens, a column a key, and `taken`: null where a line does not match."""
        columns: list[pl.Series] = []
        for step in self._steps:
            groups = lines.to_frame("line").select(pl.col("line").str.extract_groups(step))
            *found, lines = groups.unnest("line").get_columns()
            columns += found
        named = [column.alias(f"{place}") for place, column in enumerate(columns)]
        return pl.DataFrame([*named, lines.alias("taken")])


def lines_of(block: bytes, *, starts: Positions) -> pl.Series:
    """The lines of a block of valid UTF-8, with what ends them, in the memory of the block."""
    ends = np.append(starts, len(block)).astype(np.int64)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(block)]
    array = pa.Array.from_buffers(pa.large_string(), len(starts), buffers)
    return pl.Series("line", array, dtype=pl.String)


def form_of(tokens: pl.Series) -> Form | None:
    """The form that all tokens have, `json` for several forms, None for no token but null."""
    present = tokens.len() - tokens.null_count()
    if not present:
        return None
    strings = tokens.str.starts_with('"').sum()
    if strings == present:
        return "string"
    booleans = tokens.is_in(["true", "false"]).sum()
    if booleans == present:
        return "boolean"
    return "json" if strings or booleans else "number"


def texts_of(tokens: pl.Series, *, form: Form) -> pl.Series:
    """Tokens as the texts of a column of that form; `json` suits every token."""
    if form == "json":
        normal = [
            json_text(json.loads(token)) if token is not None and token[0] == '"' else token
            for token in tokens
        ]
        return pl.Series(normal, dtype=pl.String)
    if form != "string":
        return tokens
    texts = tokens.str.strip_prefix('"').str.strip_suffix('"')
    escaped = texts.str.contains("\\", literal=True).arg_true()
    if escaped.is_empty():
        return texts
    written = ",".join(tokens.gather(escaped).to_list())
    return texts.scatter(escaped, pl.Series(json.loads(f"[{written}]"), dtype=pl.String))
