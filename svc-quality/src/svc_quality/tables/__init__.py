"""Table versions that can be judged, as svc-parquet tells of them."""
