"""What SQL may do: read `data`, and nothing else. Works on the tree that the parser makes of it.

What is not known to be harmless is refused: a kind of table, a table's name, a function that makes
a table. Functions that make values are allowed but for those that tell of the machine or wait.
"""

import re
from collections.abc import Iterator
from typing import Any

from shared_lib.answering.errors import QueryFailedError, QueryRefusedError

TABLE = "data"
STATEMENTS = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
TABLES = frozenset(
    {
        "BASE_TABLE",
        "SUBQUERY",
        "JOIN",
        "TABLE_FUNCTION",
        "EXPRESSION_LIST",
        "EMPTY",
        "EMPTY_FROM",
        "PIVOT",
        "COLUMN_DATA",
    }
)
TABLE_FUNCTIONS = frozenset({"range", "generate_series", "unnest", "json_each", "json_tree"})
_REFUSED = re.compile(
    r"""
    (?: pg_ (?!typeof) | has_ | duckdb_ | inet_ | __internal | json_(?:de)?serialize | json_execute
      | read_ | query | getenv | getvariable | setseed | nextval | currval | setval | sleep
      | write_log | parse_duckdb | txid_ | get_block | in_search_path | obj_desc | col_desc
      | shobj | stats$ | version$ | user$ | session_user | vector_type | hive_
      | current_ (?! date$ | time$ | timestamp$ | localtime ) | whic?h_secret | parse_formatted
    ).*
    """,
    re.VERBOSE | re.IGNORECASE,
)


def check(tree: Any) -> None:
    """Refuse a statement that does more than read the table.

    Args:
        tree: what `json_serialize_sql` gives.

    Raises:
        QueryFailedError: the text is no SQL.
        QueryRefusedError: it is several statements, or not a SELECT, or reads something else.
    """
    if tree.get("error"):
        if tree.get("error_type") == "not implemented":
            raise QueryRefusedError("Only SELECT is answered here; the table is called `data`.")
        said = str(tree.get("error_message")).splitlines()[0].rstrip(".")
        raise QueryFailedError(f"The SQL cannot be read: {said}.", field="sql")
    if len(tree["statements"]) != 1:
        raise QueryRefusedError("One statement is answered at a time; send the others apart.")
    statement = tree["statements"][0]["node"]
    if statement["type"] not in STATEMENTS:
        raise QueryRefusedError("Only SELECT is answered here; the table is called `data`.")
    nodes = list(_nodes(statement))
    names = {TABLE, *(name for node in nodes for name in _defined(node))}
    for node in nodes:
        _check_table(node, names=names)
        _check_function(node)


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Every object in the tree."""
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            yield each
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)


def _defined(node: dict[str, Any]) -> Iterator[str]:
    """The names that a WITH gives."""
    entries = node.get("cte_map")
    for entry in entries.get("map", []) if isinstance(entries, dict) else []:
        name = entry["key"]
        # A file that happens to be called like it must never be meant.
        if not re.fullmatch(r"\w+", name):
            raise QueryRefusedError(f"WITH gives a name that is no plain word: {name!r}.")
        yield name.lower()


def _check_table(node: dict[str, Any], *, names: set[str]) -> None:
    kind = node.get("type")
    # Every kind of table can be sampled; so can a SELECT, which is none.
    if "sample" not in node or kind in STATEMENTS:
        return
    if kind not in TABLES:
        raise QueryRefusedError(f"{str(kind).capitalize()} is not answered here; use SELECT.")
    if kind == "BASE_TABLE":
        named = [node.get("catalog_name"), node.get("schema_name"), node["table_name"]]
        if any(named[:2]) or str(named[2]).lower() not in names:
            shown = ".".join(str(each) for each in named if each)
            raise QueryRefusedError(
                f"There is no table {shown} here: a query reads `data` and what its own WITH names."
            )
    if kind == "TABLE_FUNCTION":
        function = node["function"]
        name = str(function.get("function_name", "")).lower()
        if name not in TABLE_FUNCTIONS or function.get("schema") or function.get("catalog"):
            raise QueryRefusedError(
                f"The table function {name or 'given'} is not answered here; "
                f"there are: {', '.join(sorted(TABLE_FUNCTIONS))}."
            )


def _check_function(node: dict[str, Any]) -> None:
    name = node.get("function_name")
    if isinstance(name, str) and (_REFUSED.fullmatch(name) or node.get("catalog")):
        raise QueryRefusedError(f"The function {name} is not answered here.")
