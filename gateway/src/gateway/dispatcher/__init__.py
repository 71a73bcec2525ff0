"""The hot path: a raw ASGI callable that guards, authenticates, limits, forwards and records."""
