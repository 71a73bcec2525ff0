"""Merging OpenAPI documents: one of each service, one page for the reader."""

import copy
import re
from collections.abc import Mapping
from typing import Any

Document = dict[str, Any]

_REFERENCE = "#/components/schemas/"
SECURITY_SCHEMES = {
    "key": {
        "type": "http",
        "scheme": "bearer",
        "description": "A key, as `Authorization: Bearer fleet_…`.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "fleet_session",
        "description": "A browser's session.",
    },
}


def merge_documents(documents: Mapping[str, Document], *, title: str) -> Document:
    """One document with all public paths.

    A schema that two services define alike is kept once; where they differ, the later service's
    carries its name (`SvcParquetThing`).

    Args:
        documents: by the service's name, in the order they are merged.
    """
    merged: Document = {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1"},
        "paths": {},
        "components": {"schemas": {}, "securitySchemes": SECURITY_SCHEMES},
        "security": [{"key": []}, {"session": []}],
    }
    schemas: dict[str, Any] = merged["components"]["schemas"]
    for service, original in documents.items():
        document = copy.deepcopy(original)
        own = document.get("components", {}).get("schemas", {})
        renamed = {
            name: _prefix(service) + name
            for name, schema in own.items()
            if name in schemas and schemas[name] != schema
        }
        _rename(document, renamed=renamed)
        own = document.get("components", {}).get("schemas", {})
        schemas.update({renamed.get(name, name): schema for name, schema in own.items()})
        for path, operations in document.get("paths", {}).items():
            if path.startswith("/v1/"):
                merged["paths"].setdefault(path, {}).update(_marked(operations, service=service))
    merged["paths"] = dict(sorted(merged["paths"].items()))
    return merged


def _marked(operations: Mapping[str, Any], *, service: str) -> dict[str, Any]:
    return {
        method: {**operation, "x-service": service} if isinstance(operation, dict) else operation
        for method, operation in operations.items()
    }


def _prefix(service: str) -> str:
    return "".join(part.capitalize() for part in re.split(r"\W+", service))


def _rename(node: Any, *, renamed: Mapping[str, str]) -> None:
    """Point every reference to a renamed schema at its new name, in place."""
    if isinstance(node, dict):
        reference = node.get("$ref")
        if isinstance(reference, str) and reference.startswith(_REFERENCE):
            name = reference.removeprefix(_REFERENCE)
            node["$ref"] = _REFERENCE + renamed.get(name, name)
        for value in node.values():
            _rename(value, renamed=renamed)
    elif isinstance(node, list):
        for value in node:
            _rename(value, renamed=renamed)
