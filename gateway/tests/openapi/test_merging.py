"""One document from many, without one schema taking another one's place."""

from typing import Any

from gateway.openapi.merging import merge_documents
from shared_lib.web.inventory import routes_of, undeclared_routes


def document(path: str, schema: dict[str, Any]) -> dict[str, Any]:
    reference = {"$ref": "#/components/schemas/Thing"}
    content = {"application/json": {"schema": {"anyOf": [reference, {"type": "null"}]}}}
    return {
        "paths": {
            path: {"get": {"responses": {"200": {"content": content}}}},
            "/internal/v1/events": {"post": {}},
        },
        "components": {"schemas": {"Thing": schema, "Same": {"type": "string"}}},
    }


def test_schemas_of_one_name_stay_apart_and_equal_ones_are_one() -> None:
    merged = merge_documents(
        {
            "svc-a": document("/v1/a", {"type": "object", "title": "A"}),
            "svc-b": document("/v1/b", {"type": "object", "title": "B"}),
            "svc-c": document("/v1/c", {"type": "object", "title": "A"}),
        },
        title="All",
    )

    schemas = merged["components"]["schemas"]
    assert set(schemas) == {"Thing", "SvcBThing", "Same"}
    assert schemas["SvcBThing"]["title"] == "B"

    def reference(path: str) -> str:
        answer = merged["paths"][path]["get"]["responses"]["200"]
        found: str = answer["content"]["application/json"]["schema"]["anyOf"][0]["$ref"]
        return found.rpartition("/")[2]

    assert [reference(path) for path in ("/v1/a", "/v1/b", "/v1/c")] == [
        "Thing",
        "SvcBThing",
        "Thing",
    ]
    assert list(merged["paths"]) == ["/v1/a", "/v1/b", "/v1/c"]
    assert merged["paths"]["/v1/b"]["get"]["x-service"] == "svc-b"


def test_every_route_of_the_gateway_says_whom_it_lets_in(gateway: Any) -> None:
    assert undeclared_routes(gateway.app.app) == []
    assert len(routes_of(gateway.app.app)) > 30
