"""JSON lines (placeholder being written)."""

from svc_parquet.conversions.text_table import TextTable


class JsonlTable(TextTable):
    def __init__(self, *a, **k):
        raise NotImplementedError
