"""Versions that have landed, as svc-ingest told of them."""
