"""The merged OpenAPI document as groups of operations for the page at /docs. Pure."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")


def group_operations(document: Json) -> list[tuple[str, list[dict[str, Any]]]]:
    """Operations by their first tag, in the order of their paths."""
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for path, item in sorted(document.get("paths", {}).items()):
        for method in METHODS:
            if method in item:
                operation = item[method]
                group = (operation.get("tags") or ["gateway"])[0]
                groups[group].append(_describe(path, method, operation))
    return sorted(groups.items())


def _describe(path: str, method: str, operation: Json) -> dict[str, Any]:
    return {
        "path": path,
        "method": method.upper(),
        "summary": operation.get("summary", ""),
        "description": operation.get("description", ""),
        "parameters": [
            {
                "name": parameter["name"],
                "where": parameter["in"] + (", required" if parameter.get("required") else ""),
                "type": type_of(parameter.get("schema", {})),
                "description": parameter.get("description", ""),
            }
            for parameter in operation.get("parameters", [])
        ],
        "body": _body_of(operation),
        "answers": ", ".join(_answers_of(operation)),
    }


def _body_of(operation: Json) -> str | None:
    content = operation.get("requestBody", {}).get("content", {})
    for media, body in content.items():
        return f"{type_of(body.get('schema', {}))} ({media})"
    return None


def _answers_of(operation: Json) -> list[str]:
    answers = []
    for status, answer in operation.get("responses", {}).items():
        schemas = [c.get("schema", {}) for c in answer.get("content", {}).values()]
        kind = next((type_of(schema) for schema in schemas if schema), "")
        answers.append(f"{status} {kind}".strip())
    return answers


def type_of(schema: Json) -> str:
    """A schema in a word or two."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return " or ".join(type_of(part) for part in schema[union])
    if schema.get("type") == "array":
        return f"list of {type_of(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "any")
