"""One OpenAPI document for the whole fleet."""
